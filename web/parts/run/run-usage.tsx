import { Text } from '@mantine/core';
import type { Run } from '../../../src/domain/run.ts';
import { format } from '../../src/format.ts';
import { texts } from '../../src/texts.ts';
import { Fact } from './fact.tsx';

/** What a run that started has used, and how exact that is. Nothing while it runs: it is counted at its end. */
export const RunUsage = ({ run }: { readonly run: Run }) => {
  const { usage } = run;
  if (run.state !== 'finished' || run.startedAt === undefined) return null;
  if (!usage) return <Fact name={texts.usage}>{texts.usageUnknown}</Fact>;
  const { cpuUserMs, cpuSystemMs, peakMemoryBytes, shared } = usage;
  return (
    <>
      <Fact name={texts.cpu}>
        <span title={texts.usageHint}>{texts.cpuOf(format.length(cpuUserMs), format.length(cpuSystemMs))}</span>
        {shared === true && <Note text={texts.cpuShared} />}
      </Fact>
      <Fact name={texts.memory}>
        <span title={texts.usageHint}>
          {peakMemoryBytes === undefined ? texts.memoryUnseen : texts.memoryPeak(format.bytes(peakMemoryBytes))}
        </span>
        {peakMemoryBytes !== undefined && <Note text={texts.memorySeen} />}
      </Fact>
    </>
  );
};

const Note = ({ text }: { readonly text: string }) => (
  <Text component="span" size="sm" c="dimmed">
    {' · '}
    {text}
  </Text>
);
