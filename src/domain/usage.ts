import { Type, type Static } from 'typebox';

const count = Type.Integer({ minimum: 0 });

/** What an attempt has used. CPU is that of the command and of all that it waited for, exact to 10 ms; memory is the most that was seen resident, looked at once a second, and
 *  absent where it was over before the first look. A run whose launcher was gone has none of it. */
export const Usage = Type.Object({
  cpuUserMs: count,
  cpuSystemMs: count,
  peakMemoryBytes: Type.Optional(count),
  shared: Type.Optional(
    Type.Boolean({ description: 'Others ended in the same instant: the CPU that all of them used was divided among them' }),
  ),
});
export type Usage = Static<typeof Usage>;
