import { Anchor, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import type { SpreadView, StatsView } from '../../src/domain/wire.ts';
import { Choice } from '../parts/choice.tsx';
import { HourBars } from '../parts/overview/hour-bars.tsx';
import classes from '../parts/overview/hour-bars.module.css';
import { Section } from '../parts/section.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { Growing } from '../parts/time.tsx';
import { format } from '../src/format.ts';
import { isSince, SINCE, WRONG, type Since } from '../src/lists/runs-search.ts';
import { useStats } from '../src/lists/use-stats.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';

const TOP = 6;

/** What became of all runs: outcomes by hour, the jobs to look at first, and what is overdue now. */
export default function Overview() {
  useTitle(texts.overview);
  const [since, setSince] = useState<Since>('24h');
  const { data, error, refetch } = useStats(since, TOP);
  return (
    <Stack gap="md" data-overview>
      <Group justify="space-between" gap="xs">
        <Title order={1} size="h3">
          {texts.overview}
        </Title>
        <Choice
          label={texts.overviewSpan}
          value={since}
          usual={since}
          onChange={(value) => {
            if (isSince(value)) setSince(value);
          }}
          choices={(Object.keys(SINCE) as Since[]).map((each) => [each, texts.sinces[each]] as const)}
        />
      </Group>
      {data ? (
        <Whole stats={data} since={since} />
      ) : error ? (
        <Failed error={error} onAgain={() => void refetch()} />
      ) : (
        <Loading rows={6} />
      )}
    </Stack>
  );
}

const Whole = ({ stats, since }: { readonly stats: StatsView; readonly since: Since }) => {
  const { total, overdue } = stats;
  return (
    <>
      {overdue.length > 0 && (
        <Section title={texts.overdueNow} isFlush>
          <ul className={classes['list']}>
            {overdue.map(({ id, job, worker, workerName, overdueAt }) => (
              <li key={id} data-overdue={job}>
                <Anchor component={Link} href={`/jobs/${encodeURIComponent(job)}`} size="sm" className="anywhere">
                  {job}
                </Anchor>
                <span className="anywhere">
                  <Anchor component={Link} href={`/runs/${id}`} size="sm">
                    {texts.pastLimitFor} {overdueAt !== undefined && <Growing since={overdueAt} />}
                  </Anchor>
                  {worker !== undefined && ` · ${workerName ?? worker}`}
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {total.runs === 0 ? (
        <Empty title={texts.noRunsYet} hint={texts.noRunsYetHint} />
      ) : (
        <>
          <div className={classes['sums']}>
            <Sum figure={format.number(total.runs)} word={texts.sumRuns} />
            <Sum figure={format.number(total.failing)} word={texts.sumWrong} isWrong={total.failing > 0} />
            <Sum figure={lengthOf(total.duration)} word={texts.sumTook} />
            <Sum figure={lengthOf(total.lateness)} word={texts.sumLate} />
          </div>
          <Section title={texts.outcomesOverTime}>
            <HourBars stats={stats} />
          </Section>
          {total.lateness && (
            <Section title={texts.lateTitle}>
              <Text size="sm" className="figures" data-lateness>
                {spreadText(total.lateness)}
              </Text>
            </Section>
          )}
          <div className={classes['tops']}>
            <Failing jobs={stats.jobs} since={since} />
            <Timed title={texts.slowest} jobs={stats.jobs} since={since} of={({ duration }) => duration} />
            <Timed title={texts.latest} jobs={stats.jobs} since={since} of={({ lateness }) => lateness} />
          </div>
        </>
      )}
    </>
  );
};

const lengthOf = (spread: SpreadView | undefined): string => (spread ? format.length(spread.p95) : '–');
const spreadText = ({ p50, p95, p99 }: SpreadView): string =>
  texts.percentiles(format.length(p50), format.length(p95), format.length(p99));

type SumProps = { readonly figure: string; readonly word: string; readonly isWrong?: boolean };
const Sum = ({ figure, word, isWrong = false }: SumProps) => (
  <Paper withBorder px="md" py="xs">
    <Text fz={22} fw={700} className="figures" {...(isWrong && { c: 'var(--mantine-color-error)' })}>
      {figure}
    </Text>
    <Text size="sm" c="dimmed">
      {word}
    </Text>
  </Paper>
);

type Job = StatsView['jobs'][number];
type TopProps = {
  readonly title: string;
  readonly none: string;
  readonly rows: readonly (readonly [job: string, told: string, title?: string])[];
  readonly hrefOf: (job: string) => string;
};
const Top = ({ title, none, rows, hrefOf }: TopProps) => (
  <Section title={title} isFlush>
    {rows.length === 0 ? (
      <Text size="sm" c="dimmed" px="md" pb="sm">
        {none}
      </Text>
    ) : (
      <ul className={classes['list']}>
        {rows.map(([job, told, hint]) => (
          <li key={job} data-top={job}>
            <Anchor component={Link} href={hrefOf(job)} size="sm" className="anywhere">
              {job}
            </Anchor>
            <span className="figures" style={{ flexShrink: 0 }} title={hint}>
              {told}
            </span>
          </li>
        ))}
      </ul>
    )}
  </Section>
);

const runsOf = (job: string, since: Since): string => `/runs?job=${encodeURIComponent(job)}&since=${since}`;

/** The jobs of an answer are the first by several measures, mixed: each list takes its own. */
const byName = (a: Job, b: Job): number => (a.job < b.job ? -1 : 1);

const Failing = ({ jobs, since }: { readonly jobs: readonly Job[]; readonly since: Since }) => (
  <Top
    title={texts.mostFailing}
    none={texts.noneFailing}
    rows={jobs
      .filter(({ failing }) => failing > 0)
      .toSorted((a, b) => b.failing - a.failing || byName(a, b))
      .slice(0, TOP)
      .map(({ job, failing, runs }) => [job, texts.wrongOf(format.number(failing), format.number(runs))] as const)}
    hrefOf={(job) => `${runsOf(job, since)}&outcome=${WRONG}`}
  />
);

type TimedProps = {
  readonly title: string;
  readonly jobs: readonly Job[];
  readonly since: Since;
  readonly of: (job: Job) => SpreadView | undefined;
};
const Timed = ({ title, jobs, since, of }: TimedProps) => (
  <Top
    title={title}
    none={texts.noneTimed}
    rows={jobs
      .toSorted((a, b) => (of(b)?.p95 ?? -1) - (of(a)?.p95 ?? -1) || byName(a, b))
      .slice(0, TOP)
      .flatMap((job) => {
        const spread = of(job);
        return spread ? [[job.job, lengthOf(spread), spreadText(spread)] as const] : [];
      })}
    hrefOf={(job) => runsOf(job, since)}
  />
);
