import { debounceTime, filter, groupBy, map, merge, mergeMap, tap, throttleTime, type Observable } from 'rxjs';
import type { LiveEvent } from '../domain/wire.ts';
import type { Language } from '../domain/words.ts';
import type { Clock } from '../streams/clock.ts';
import type { Projection, Told } from './projection.ts';
import { createRing } from './ring.ts';
import type { Seeing } from './seeing.ts';
import { jobView, workerView } from './views.ts';

/** Who looks on at one topic. `resync` ends it: it looks at the lists again and comes back. */
export type Onlooker = {
  /** Of the sentences in what it is told. */
  readonly language: Language;
  readonly send: (text: string) => void;
  readonly resync: () => void;
};

export type HubDeps = {
  readonly projection: Pick<Projection, 'told$' | 'seen' | 'position'>;
  readonly clock: Clock;
  /** How many changes are kept for those who come back. */
  readonly size?: number;
};

/** Of one job at most four views a second. */
const JOB_MS = 250;
const KEPT = 20_000;

/** The text of a live message, from an event that is text already: made once for all who look on. */
export const eventMessage = (topic: string, event: string, asOf: number): string =>
  `{"topic":${JSON.stringify(topic)},"type":"event","event":${event},"asOf":"${String(asOf)}"}`;

export type LiveHub = ReturnType<typeof createLiveHub>;

/** Tells those who look on what the projection sees, by topics; and those who come back with a position, what they have missed. */
export const createLiveHub = ({ projection, clock, size = KEPT }: HubDeps) => {
  const { seen, told$ } = projection;
  const onlookers = new Map<string, Set<Onlooker>>();
  const ring = createRing<Seeing>(size);

  const jobEvent = (name: string, language: Language): LiveEvent => {
    const job = seen.jobs.get(name);
    return job ? { type: 'jobChanged', job: jobView(seen, job, clock.now(), language) } : { type: 'jobRemoved', name };
  };
  const workerEvent = ({ id, was }: Extract<Seeing, { type: 'worker' }>): LiveEvent => {
    const worker = seen.workers.get(id);
    if (!worker || was === 'left') return { type: 'workerLeft', id };
    return { type: was === 'joined' ? 'workerJoined' : 'workerChanged', worker: workerView(seen, worker) };
  };

  const tell = (topics: readonly string[], make: (language: Language) => LiveEvent, position: number): void => {
    // Made once a language that somebody who looks on reads, and not at all where nobody looks on.
    const events = new Map<Language, string>();
    for (const topic of topics) {
      const texts = new Map<Language, string>();
      for (const { language, send } of onlookers.get(topic) ?? []) {
        const event = events.get(language) ?? JSON.stringify(make(language));
        const text = texts.get(language) ?? eventMessage(topic, event, position);
        events.set(language, event);
        texts.set(language, text);
        send(text);
      }
    }
  };

  const tellNow = ({ position, seeing }: Told): void => {
    if (seeing.type === 'run') tell(['runs', `job/${seeing.event.job}`], () => seeing.event, position);
    if (seeing.type === 'worker') tell(['workers'], () => workerEvent(seeing), position);
    if (seeing.type !== 'gap') return;
    for (const each of [...onlookers.values()].flatMap((set) => [...set])) each.resync();
  };

  const jobs$ = told$.pipe(
    map(({ seeing }) => (seeing.type === 'job' ? seeing.name : undefined)),
    filter((name) => name !== undefined),
    groupBy((name) => name, { duration: (of$) => of$.pipe(debounceTime(4 * JOB_MS, clock.scheduler)) }),
    mergeMap((of$) => of$.pipe(throttleTime(JOB_MS, clock.scheduler, { leading: true, trailing: true }))),
    tap((name) => {
      // Kept once more, at the position of its message: a message of another job that went out while this one waited has carried a position after the change, and
      // who comes back with that one has not heard of it.
      ring.push(projection.position(), { type: 'job', name });
      tell(['jobs'], (language) => jobEvent(name, language), projection.position());
    }),
  );

  const past = (
    topic: string,
    seeings: readonly { readonly position: number; readonly item: Seeing }[],
    language: Language,
  ): readonly string[] => {
    if (topic === 'jobs') {
      const names = new Set(seeings.flatMap(({ item }) => (item.type === 'job' ? [item.name] : [])));
      return [...names].map((name) => eventMessage(topic, JSON.stringify(jobEvent(name, language)), projection.position()));
    }
    return seeings.flatMap(({ item, position }) => {
      const isAsked =
        topic === 'workers'
          ? item.type === 'worker'
          : item.type === 'run' && (topic === 'runs' || topic === `job/${item.event.job}`);
      if (!isAsked) return [];
      const event = item.type === 'worker' ? workerEvent(item) : (item as Extract<Seeing, { type: 'run' }>).event;
      return [eventMessage(topic, JSON.stringify(event), position)];
    });
  };

  return {
    /** The hub's own work while subscribed to. */
    work$: merge(
      told$.pipe(
        tap(({ position, seeing }) => {
          if (seeing.type === 'gap') ring.forget(position);
          else ring.push(position, seeing);
        }),
        tap(tellNow),
      ),
      jobs$,
    ) as Observable<unknown>,
    /** What was told of a topic since a position, as messages; undefined where that is not known any more (or not yet). What was told at the position itself comes
     *  again: feeds of other keys may have been behind it. */
    since: (topic: string, position: number, language: Language): readonly string[] | undefined => {
      const items = position > projection.position() ? undefined : ring.since(position);
      return items && past(topic, items, language);
    },
    attach: (topic: string, onlooker: Onlooker): void => {
      const set = onlookers.get(topic);
      if (set) set.add(onlooker);
      else onlookers.set(topic, new Set([onlooker]));
    },
    detach: (topic: string, onlooker: Onlooker): void => {
      const set = onlookers.get(topic);
      if (set?.delete(onlooker) && set.size === 0) onlookers.delete(topic);
    },
  };
};
