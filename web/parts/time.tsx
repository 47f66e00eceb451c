import { useNow } from '../src/clock.ts';
import { format } from '../src/format.ts';

/** An instant in the viewer's zone; by name and in UTC where one hovers. */
export const At = ({ at }: { readonly at: string }) => {
  const now = useNow();
  return (
    <time dateTime={at} title={format.exact(at)}>
      {format.instant(at, now)}
    </time>
  );
};

/** How far an instant is away: `in 12 s`, `2 min ago`. */
export const Distance = ({ at }: { readonly at: string }) => {
  const now = useNow();
  return (
    <time dateTime={at} title={format.exact(at)}>
      {format.distance(at, now)}
    </time>
  );
};

/** The length since an instant, growing. */
export const Growing = ({ since }: { readonly since: string }) => {
  const now = useNow();
  return (
    <time dateTime={since} title={format.exact(since)}>
      {format.growing(now - Date.parse(since))}
    </time>
  );
};
