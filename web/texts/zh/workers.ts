import type { workers as inEnglish } from '../en/workers.ts';
import type { Translated } from '../translated.ts';

export const workers: Translated<typeof inEnglish> = {
  noWorkers: '没有工作节点，因此什么也不能运行',
  noWorkersHint: '在本机或其他机器上、存储旁边启动一个：',
  drain: '排空',
  resume: '恢复',
  draining: '排空中：不再接新运行',
  passes: { skewed: '时钟不准：不接任何运行', oldRules: '规则较旧：不接定时运行' },
  passesWhy: {
    skewed: '它的时钟与多数节点相差超过上限。时钟校准后会自动恢复。',
    oldRules: '另有工作节点的计划规则或时区数据更新，算出的时刻可能不同。它仍接等待中的运行；请升级它。',
  },
  slots: (used, all) => `已用 ${used} / ${all} 个槽位`,
  seen: (when) => `${when}见过`,
  upSince: '启动于',
  idle: '目前没有运行',
  workersCount: (count) => `${String(count)} 个工作节点`,
  runsNow: (count) => `${String(count)} 个运行中`,
  slotsInAll: (slots) => `${slots} 个槽位可接运行`,
  someDrain: (count) => `${String(count)} 个排空中`,
  full: '已满',
  workerGone: '已离开',
  clockAhead: (length) => `时钟快 ${length}`,
  clockBehind: (length) => `时钟慢 ${length}`,
  andMore: (count) => `另有 ${count} 个`,
  fewer: '收起',
  drainTitle: (worker) => `排空 ${worker}？`,
  drainHint: (runs) =>
    `从现在起它不再接新运行，其份额由其他工作节点承担。它正在运行的（${runs} 个）会继续到结束。重启后仍保持排空，直到有人恢复它。`,
};
