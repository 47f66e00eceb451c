import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Parts } from '../parts.ts';
import { answers, ByName, closed } from './shared.ts';

/** The cursor of a job, set by an admin. */
export const cursorRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, { cursors }) => {
  app.post(
    '/jobs/:name/cursor',
    {
      config: { role: 'admin' },
      schema: {
        summary: 'Set the cursor of a job, back or forward',
        description:
          'For a cursor that is ahead of time (a clock was wrong): until it is set back, no tick before it runs. `fireTime` is an instant that is not in the future; every tick after it is undecided again. This is the one exception to "a tick is claimed from the schedule at most once": a tick between `fireTime` and now that has run already may run a second time, and those that are late are missed or caught up by the misfire policy. Without a `fireTime` it is the present instant: that undoes a cursor ahead of time and nothing else. Ticks that a move forward passes are told as skipped, reason edited. Who did it is kept in the run log as an event `cursorSet` of the job.',
        tags: ['jobs'],
        params: ByName,
        body: Type.Object(
          { fireTime: Type.Optional(Type.String({ description: 'ISO 8601, not in the future; now if absent' })) },
          closed,
        ),
        response: answers(
          { 200: Type.Object({ fireTime: Type.String(), before: Type.Optional(Type.String()) }) },
          400,
          404,
          409,
          503,
        ),
      },
    },
    async ({ params, body, identity }) => cursors.set(params.name, body.fireTime, identity.name),
  );
};
