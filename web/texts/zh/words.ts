import type { outcomes as inEnglish, reasons as reasonsInEnglish, triggers as triggersInEnglish } from '../en/words.ts';
import type { Translated } from '../translated.ts';

export const outcomes: Translated<typeof inEnglish> = {
  succeeded: '成功',
  failed: '失败',
  timedOut: '超时',
  killed: '已终止',
  lost: '丢失',
  skipped: '已跳过',
  running: '运行中',
  queued: '等待中',
};

export const triggers: Translated<typeof triggersInEnglish> = {
  schedule: '按计划',
  manual: '手动运行',
  catchUp: '补跑',
  backfill: '回填',
};

export const reasons: Translated<typeof reasonsInEnglish> = {
  person: '由人要求',
  replaced: '被下一次运行取代',
  leaseLost: '其工作节点与 etcd 失联过久',
  drained: '其工作节点已排空',
  abandoned: '超时后任其继续',
  notStarted: '其工作节点在启动前离开',
  exitUnknown: '结束方式未知',
  workerGone: '其工作节点已消失',
  startFailed: '命令无法启动',
  notAllowed: '工作节点自身的配置不允许',
  expired: '等待空闲工作节点过久',
  overlap: '上一次运行尚未结束',
  edited: '作业在此期间被修改',
  late: '未能及时启动（当时有工作节点在运行吗？）',
  jobDeleted: '作业已删除',
  noWorker: '没有工作节点可以执行',
  marked: '早于作业的最近一次修改',
  freed: '有人将作业从中释放',
};
