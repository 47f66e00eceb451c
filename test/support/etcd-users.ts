// Users of an etcd that a test started.
import type { EtcdServer } from './servers.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
async function post(etcd: EtcdServer, path: string, body: object): Promise<void> {
  const answer = await fetch(`${etcd.url}/v3/auth/${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path} answered ${String(answer.status)}`);
}

/** Who may do everything under /cron/. */
export const cronUser = { username: 'cron', password: 'right' };
/** Turns users on: `cronUser` may do everything under /cron/, and nothing else. */
export async function withUsers(etcd: EtcdServer): Promise<void> {
  const permission = { permType: 'READWRITE', key: base64('/cron/'), range_end: base64('/cron0') };
  await post(etcd, 'role/add', { name: 'root' });
  await post(etcd, 'role/add', { name: 'cron' });
  await post(etcd, 'role/grant', { name: 'cron', perm: permission });
  for (const [user, role, password] of [
    ['root', 'root', 'root'],
    ['cron', 'cron', cronUser.password],
  ] as const) {
    await post(etcd, 'user/add', { name: user, password });
    await post(etcd, 'user/grant', { user, role });
  }
  await post(etcd, 'enable', {});
}
