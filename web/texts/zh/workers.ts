import type { workers as inEnglish } from '../en/workers.ts';
import type { Translated } from '../translated.ts';

export const workers: Translated<typeof inEnglish> = {
  noWorkers: '没有工作节点，因此什么也不能运行',
  noWorkersHint: '在本机或其他机器上、存储旁边启动一个：',
  drain: '排空',
  resume: '恢复',
  draining: '排空中：不再接新运行',
  slots: (used, all) => `已用 ${used} / ${all} 个槽位`,
  seen: (when) => `${when}见过`,
  upSince: '启动于',
  idle: '目前没有运行',
};
