import { describe, expect, test } from 'vitest';
import { checkJob, Job, withDefaults } from '../../../src/domain/job.ts';
import { fieldAt, FIELD_GROUPS, isNotYet, setIn, valueOf, withValue } from '../../../web/src/editor/job-groups.ts';

const fields = FIELD_GROUPS.flatMap((group) => group.fields);
const field = (path: string) => {
  const found = fields.find((each) => each.path === path);
  if (!found) throw new Error(`the form has no ${path}`);
  return found;
};
const base = { name: 'a', command: 'true', cronExpr: '* * * * *' };

type Shape = { readonly properties?: Readonly<Record<string, Shape>>; readonly anyOf?: readonly Shape[] };
/** The paths of all fields of a schema, those of objects inside it instead of the object. A choice between a word and an object has both. */
const pathsOf = ({ properties = {} }: Shape, at = ''): readonly string[] =>
  Object.entries(properties).flatMap(([name, inner]) => {
    const objects = [inner, ...(inner.anyOf ?? [])].filter((each) => each.properties !== undefined);
    const paths = objects.flatMap((each) => pathsOf(each, `${at}/${name}`));
    return [...(inner.properties === undefined ? [`${at}/${name}`] : []), ...paths];
  });

test('every field of the domain has a place in the form, once', () => {
  const formed = ['/name', '/command', '/cronExpr', ...fields.map(({ path }) => path)];
  // The format's own number is nobody's to write; the policy of a queue is the overlap policy.
  const known = pathsOf(Job as Shape).filter((path) => !['/v', '/overlap/policy'].includes(path));
  expect([...formed].sort()).toEqual([...known].sort());
});

test('what the form tells as usual is what the domain makes of a job without it', () => {
  const full = withDefaults(base);
  const usual = Object.fromEntries(fields.map((each) => [each.path, each.usual]));
  expect(usual).toMatchObject({
    '/timezone': full.timezone,
    '/dst': full.dst,
    '/jitterMs': full.jitterMs,
    '/enabled': full.enabled,
    '/shell': full.shell,
    '/outputLimitBytes': full.outputLimitBytes,
    '/overlap': full.overlap,
    '/misfire/lateAfterMs': full.lateAfterMs,
    '/misfire/withinMs': full.withinMs,
    '/killGraceMs': full.killGraceMs,
    '/lostAfterMs': full.lostAfterMs,
  });
});

describe('what is offered is what the master takes', () => {
  const options = fields.flatMap((each) => (each.kind === 'choice' ? each.options.map((option) => [each, option] as const) : []));
  test.each(options.map(([each, option]) => [each.path, option, each] as const))('%s %s', (path, option, each) => {
    const around = path === '/timeout/action' ? { ...base, timeout: { afterMs: 1_000 } } : base;
    const checked = checkJob(withValue(around, each.path, option));
    const codes = checked.ok ? [] : checked.problems.map(({ code }) => code);
    expect(codes).toEqual(isNotYet(each, option) ? ['notYet'] : []);
  });

  const samples = fields.filter(({ sample }) => sample !== undefined);
  test.each(samples.map((each) => [each.path, each] as const))('%s', (_path, each) => {
    const checked = checkJob({ ...base, ...each.sample });
    expect(checked.ok ? [] : checked.problems.map(({ code }) => code)).toEqual(isNotYet(each) ? ['notYet'] : []);
  });
});

test('a queue is one field for its policy and one for how many wait', () => {
  const overlap = '/overlap' as const;
  expect(valueOf({ overlap: 'allow' }, overlap)).toBe('allow');
  expect(valueOf({ overlap: { policy: 'queue', max: 3 } }, overlap)).toBe('queue');
  expect(withValue({ overlap: 'queue' }, '/overlap/max', 3)).toEqual({ overlap: { policy: 'queue', max: 3 } });
  expect(withValue({ overlap: { policy: 'queue', max: 3 } }, '/overlap/max', undefined)).toEqual({ overlap: 'queue' });
  expect(withValue({ overlap: { policy: 'queue', max: 3 } }, overlap, 'skip')).toEqual({ overlap: 'skip' });
  expect(withValue({ overlap: 'skip' }, overlap, undefined)).toEqual({});
});

test.each([
  ['/name', '/name'],
  ['/misfire/policy', '/misfire/policy'],
  ['/env/1A', '/env'],
  ['/tags/0', '/tags'],
  ['/overlap', '/overlap'],
  ['/overlap/max', '/overlap/max'],
  ['/retry', '/retry/max'],
  ['/placement', '/placement/mode'],
  ['/nobodyKnows', undefined],
  ['', undefined],
])('a problem with %j stands at %s', (path, at) => {
  expect(fieldAt(path)).toBe(at);
});

test('a group tells what a job has set in it', () => {
  const [when] = FIELD_GROUPS;
  expect(when && setIn({ ...base, jitterMs: 0, timezone: 'Asia/Tokyo' }, when).map(({ path }) => path)).toEqual([
    '/timezone',
    '/jitterMs',
  ]);
  expect(setIn(base, { id: 'busy', fields: [field('/overlap')] })).toEqual([]);
});
