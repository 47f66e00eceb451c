import type { jobs as inEnglish } from '../en/jobs.ts';
import type { Translated } from '../translated.ts';

export const jobs: Translated<typeof inEnglish> = {
  newJob: '新建作业',
  moreActions: (job) => `${job} 的更多操作`,
  runsOfJob: '它的运行',
  searchJobs: '搜索名称、命令、计划、标签',
  switchOf: (job) => `${job} 已启用`,
  deleteTitle: (job) => `删除 ${job}？`,
  deleteHint: '它不会再运行。正在运行的会继续，历史会保留。',
  never: '尚未运行过',
  switchedOff: '已停用',
  noNext: '不再运行',
  waiting: (count) => `${String(count)} 个等待中`,
  broken: '有错误',
  brokenHint: (why) => `该作业在修复之前不会运行：${why}`,

  noJobs: '还没有作业',
  noJobsHint: '保存下面这个，看看它如何工作。它每十秒打一次招呼。',
  saveExample: '保存这个作业',
  ownJob: '自己写一个',
  byCurl: '在命令行中做同样的事，用令牌替换 TOKEN：',
  noJobsFound: (q) => `没有作业的名称、命令、计划或标签中含有“${q}”`,
  showAll: '显示全部作业',
};
