import type { audit as inEnglish } from '../en/audit.ts';
import type { Translated } from '../translated.ts';

export const audit: Translated<typeof inEnglish> = {
  auditPage: '变更记录',
  auditHint: '谁在何时保存或删除了哪个作业，以及改动了什么。最新的在最前。',
  auditOfJob: '作业名称',
  auditByWhom: '修改者',
  auditNone: '还没有人修改过作业',
  auditNoneHint: '一旦有人保存或删除作业，就会显示在这里。',
  auditNotFound: '没有找到这样的变更',
  auditLookFurther: '继续往前找',
  auditNotYours: '只有可以编辑作业的人才能查看变更记录',
  auditNotYoursHint: '请向 cronstream 的管理者申请编辑者角色。',
  auditOnlyJob: '只看此作业',
  auditWaiting: (_count, shown) => `显示 ${shown} 条新变更`,
  bringBack: '恢复此作业',
  bringBackTitle: (job) => `恢复 ${job}？`,
  bringBackHint: '它会变回删除之前的样子，并从现在起继续按计划运行。',
  bringBackNone: (job) => `没有 ${job} 的已保存版本`,
};
