import type { SeenJob } from '../seen.ts';

const A_PIECE = 200;

/** All jobs as JSON, in pieces between which others have the loop: `{"jobs": […]}` in the order of their names, and `broken` for keys that hold no JSON object. */
export async function* exportText(jobs: ReadonlyMap<string, SeenJob>): AsyncGenerator<string> {
  const names = [...jobs.keys()].sort();
  const broken: { readonly name: string; readonly reason: string }[] = [];
  let isFirst = true;
  yield '{"jobs":[';
  for (let from = 0; from < names.length; from += A_PIECE) {
    const texts: string[] = [];
    for (const name of names.slice(from, from + A_PIECE)) {
      const job = jobs.get(name);
      if (!job) continue;
      if (job.known === undefined && Object.keys(job.raw).join() === 'name') broken.push({ name, reason: job.broken ?? '' });
      else texts.push(JSON.stringify(job.raw));
    }
    if (texts.length > 0) yield (isFirst ? '' : ',') + texts.join(',');
    isFirst &&= texts.length === 0;
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
  yield broken.length === 0 ? ']}\n' : `],"broken":${JSON.stringify(broken)}}\n`;
}
