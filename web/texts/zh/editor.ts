import type { editor as inEnglish } from '../en/editor.ts';
import type { Translated } from '../translated.ts';

export const editor: Translated<typeof inEnglish> = {
  editJob: (name) => `编辑 ${name}`,
  name: '名称',
  nameHint: '字母、数字、“.”、“_” 和 “-”',
  commandHint: '交给 /bin/sh 执行',
  cron: 'Cron 表达式',
  cronHint: '5 个字段、6 个（秒在前）或 7 个（秒在前，年在后）；每行一条',
  zone: '时区',
  zoneHint: '例如 Asia/Shanghai；留空为 UTC',
  asJson: '全部字段（JSON）',
  asForm: '返回表单',
  json: '作业',
  notJson: (why) => `这不是 JSON：${why}`,
  notAnObject: '作业是一个对象：{ "name": …, "command": …, "cronExpr": … }',
  nextFires: '接下来：',
  conflict: '在您打开之后，有人保存或删除了该作业。您的修改尚未保存。',
  nameTaken: '已经有同名的作业。请换一个名称，或编辑那一个。',
  loadTheirs: '载入对方的版本',
  saveOver: '用我的覆盖',
};
