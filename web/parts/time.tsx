import { useNow } from '../src/clock.ts';
import { format } from '../src/format.ts';
import { texts } from '../src/texts.ts';

type AtProps = {
  readonly at: string;
  /** The job's zone, where the instant is one of a job. */
  readonly zone?: string | undefined;
};

/** An instant in the viewer's zone; by name, in the job's zone and in UTC where one hovers. */
export const At = ({ at, zone }: AtProps) => {
  const now = useNow();
  return (
    <time dateTime={at} title={format.exact(at, zone)}>
      {format.instant(at, now)}
    </time>
  );
};

/** How far an instant is away: `in 12 s`, `2 min ago`. */
export const Distance = ({ at, zone }: AtProps) => {
  const now = useNow();
  return (
    <time dateTime={at} title={format.exact(at, zone)}>
      {format.distance(at, now)}
    </time>
  );
};

/** How far a time that is to come is away; once it has come and nobody has told more, that it is due. */
export const Until = ({ at, zone }: AtProps) => {
  const now = useNow();
  return (
    <time dateTime={at} title={format.exact(at, zone)}>
      {now - Date.parse(at) < 1_000 ? format.distance(at, now) : texts.due}
    </time>
  );
};

/** The length since an instant, growing. */
export const Growing = ({ since, zone }: { readonly since: string; readonly zone?: string | undefined }) => {
  const now = useNow();
  return (
    <time dateTime={since} title={format.exact(since, zone)}>
      {format.growing(now - Date.parse(since))}
    </time>
  );
};
