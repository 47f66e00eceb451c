import type { OverlapPolicy } from '../job.ts';
import type { Language } from '../words.ts';

export type FieldName = 'second' | 'minute' | 'hour' | 'dayOfMonth' | 'month' | 'dayOfWeek' | 'year';

/** All that the schedule says to people, in one place: what is wrong with a text, what may surprise. */
export type Words = (typeof WORDS)['en'];

const english = {
  fields: {
    second: 'second',
    minute: 'minute',
    hour: 'hour',
    dayOfMonth: 'day of month',
    month: 'month',
    dayOfWeek: 'day of week',
    year: 'year',
  } satisfies Record<FieldName, string>,
  place: (line: number, column: number, field: string | undefined) =>
    `line ${String(line)}, column ${String(column)}${field === undefined ? '' : `, ${field}`}: `,

  noText: 'there is no cron text; for every five minutes write */5 * * * *',
  fieldCount: (count: number) =>
    `${String(count)} field${count === 1 ? '' : 's'}, but cron text has 5 (minute hour day-of-month month day-of-week), 6 (second first) or 7 (second first, year last)`,
  reboot:
    '@reboot is not possible here: no machine is special. Start it with the machine, by a systemd unit say; or ask for @every 5m if it is a check',
  unknownMacro: (text: string, known: string) => `"${text}" is not known; known are ${known}`,
  macroAlone: (macro: string) => `${macro} stands alone on its line`,
  badEvery: (text: string) =>
    `"${text}" is not a length of time; write @every 90s, @every 5m or @every 1h30m, at least one second`,
  badAt: (text: string) => `"${text}" is not an instant; write @at 2027-01-01T09:00:00+01:00, with the offset or Z`,
  tooLate: (text: string) => `"${text}" is too far away: years go to 2099`,
  emptyItem: 'there is nothing between two commas',
  notItem: (text: string, expected: string) => `"${text}" is not understood; expected ${expected}`,
  outOfRange: (text: string, field: string, from: number, to: number) =>
    `"${text}" is not a ${field}: it goes from ${String(from)} to ${String(to)}`,
  noStep: (text: string) => `the step of "${text}" must be 1 or more`,
  backward: (text: string) => `"${text}" goes backward`,
  nth: (text: string) => `"${text}": a month has a first to a fifth of a weekday; write FRI#1 to FRI#5`,
  lastWeekday: 'a single L is not clear in the day of week; write SAT for Saturdays, or 6L for the last Saturday of the month',
  onlyDays: (text: string, field: string) => `"${text}" is for the days only; a ${field} cannot have it`,
  noHash: (text: string) => `"${text}": the range of H must go forward and hold more than one number`,
  hashOf: (line: number) => `Line ${String(line)} has H: the times depend on the name of the job.`,
  expected: {
    second: '0-59, lists (0,30), ranges (0-10), steps (*/5) or H',
    minute: '0-59, lists (0,30), ranges (0-10), steps (*/5) or H',
    hour: '0-23, lists (9,17), ranges (9-17), steps (*/2) or H',
    dayOfMonth: '1-31, lists, ranges, steps, L (the last), L-3, LW, 15W or H',
    month: '1-12 or JAN-DEC, lists, ranges, steps or H',
    dayOfWeek: '0-7 or SUN-SAT (0 and 7 are Sunday), lists, ranges, 5L (the last Friday), FRI#2 or H',
    year: '1970-2099, lists, ranges (2027-2030) or steps (*/2)',
  } satisfies Record<FieldName, string>,
  neverComes: (text: string) => `"${text}" never comes: there is no such day`,
  badZone: (zone: string) => `"${zone}" is not a time zone; write an IANA name, as Europe/Berlin`,
  endsFirst: 'endAt lies before startAt',
  notInstant: 'not an instant, as 2027-01-31T09:00:00Z',

  every: (length: string) => `Every ${length}`,
  once: (at: string) => `Once, at ${at}`,
  and: '; and ',
  or: '; or ',
  more: (lines: number) => `${String(lines)} more line${lines === 1 ? '' : 's'}`,
  units: {
    day: ['day', 'days'],
    hour: ['hour', 'hours'],
    minute: ['minute', 'minutes'],
    second: ['second', 'seconds'],
  } as Record<'day' | 'hour' | 'minute' | 'second', readonly [one: string, many: string]>,

  noMoreFires: 'It does not fire any more: all of its fire times are in the past.',
  sixFields: (line: number) =>
    `Line ${String(line)} has six fields and is read as second minute hour day-of-month month day-of-week; some tools read the sixth as a year.`,
  eitherDay: (line: number) =>
    `Line ${String(line)} restricts the day of month and the day of week: it fires on days that match either, as in every crontab.`,
  bothDays: (line: number) =>
    `Line ${String(line)} has a day field that begins with *: it fires only on days that match both, as in every crontab (*/2 with 1 is every odd-dated Monday).`,
  notInMonths: (line: number, months: string) => `Line ${String(line)} never fires in ${months}: they have no such day.`,
  onlyLeap: (line: number) => `Line ${String(line)} fires in leap years only.`,
  unevenStep: (line: number, field: string, text: string) =>
    `Line ${String(line)}: ${text} in the ${field} starts anew each time, so the last step is shorter.`,
  mayOverlap: (what: string, took: string, apart: string) =>
    `${what}: in the last 7 days one run in twenty took ${took} or more, and its fire times are as little as ${apart} apart.`,
  overlaps: {
    skip: 'Some of its times are likely to be skipped, as the run before still goes on',
    allow: 'Its runs are likely to go on beside each other',
    queue: 'Its runs are likely to wait for one another, and some to be skipped',
    replace: 'Its runs are likely to be ended before they are done, each by the next',
  } as Record<OverlapPolicy, string>,
  often: (seconds: number) =>
    `It fires as often as every ${seconds === 1 ? 'second' : `${String(seconds)} seconds`}: many runs to keep.`,
  clockGap: (day: string, from: string, to: string, fires: string) => `On ${day} the clock goes from ${from} to ${to}: ${fires}`,
  clockFold: (day: string, from: string, to: string, fires: string) =>
    `On ${day} the clock goes back from ${from} to ${to}: ${fires}`,
  gapAfter: 'what falls between runs once, right after the gap.',
  gapSkip: 'what falls between does not run.',
  foldOnce: 'what falls into the repeated time runs once, the first time.',
  foldTwice: 'what falls into the repeated time runs twice.',
  followsGap: 'this schedule follows the clock, so nothing is made up for.',
  followsFold: 'this schedule follows the clock, so the repeated time counts twice.',
  noteAfterGap: (missing: string) => `${missing} does not exist on this day: right after the gap`,
  noteFirst: 'this time comes twice on this day: the first',
  noteSecond: 'this time comes twice on this day: the second',
  months: [
    'January',
    'February',
    'March',
    'April',
    'May',
    'June',
    'July',
    'August',
    'September',
    'October',
    'November',
    'December',
  ],
  list: (items: readonly string[]) =>
    items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`,
};

const chinese: typeof english = {
  fields: { second: '秒', minute: '分', hour: '时', dayOfMonth: '日', month: '月', dayOfWeek: '星期', year: '年' },
  place: (line, column, field) => `第 ${String(line)} 行第 ${String(column)} 列${field === undefined ? '' : `（${field}）`}：`,
  noText: '没有 cron 表达式；每五分钟一次请写 */5 * * * *',
  fieldCount: (count) =>
    `有 ${String(count)} 个字段，而 cron 表达式有 5 个（分 时 日 月 星期）、6 个（秒在前）或 7 个（秒在前，年在后）`,
  reboot: '这里不支持 @reboot：没有哪台机器是特殊的。请用 systemd 单元随机器启动；如果是检查类任务，可写 @every 5m',
  unknownMacro: (text, known) => `不认识 “${text}”；可用的有 ${known}`,
  macroAlone: (macro) => `${macro} 必须独占一行`,
  badEvery: (text) => `“${text}” 不是时长；请写 @every 90s、@every 5m 或 @every 1h30m，至少一秒`,
  badAt: (text) => `“${text}” 不是时刻；请写 @at 2027-01-01T09:00:00+08:00，带时差或 Z`,
  tooLate: (text) => `“${text}” 太远：年份最多到 2099`,
  emptyItem: '两个逗号之间没有内容',
  notItem: (text, expected) => `无法理解 “${text}”；应为 ${expected}`,
  outOfRange: (text, field, from, to) => `“${text}” 不是合法的${field}：范围是 ${String(from)} 到 ${String(to)}`,
  noStep: (text) => `“${text}” 的步长必须至少为 1`,
  backward: (text) => `“${text}” 的方向是反的`,
  nth: (text) => `“${text}”：一个月里某个星期几有第一到第五个；请写 FRI#1 到 FRI#5`,
  lastWeekday: '星期字段里单独的 L 含义不明；周六请写 SAT，当月最后一个周六请写 6L',
  onlyDays: (text, field) => `“${text}” 只能用于日和星期，不能用于${field}`,
  noHash: (text) => `“${text}”：H 的范围必须从小到大，且包含不止一个数`,
  hashOf: (line) => `第 ${String(line)} 行有 H：时间取决于作业的名称。`,
  expected: {
    second: '0-59、列表 (0,30)、范围 (0-10)、步长 (*/5) 或 H',
    minute: '0-59、列表 (0,30)、范围 (0-10)、步长 (*/5) 或 H',
    hour: '0-23、列表 (9,17)、范围 (9-17)、步长 (*/2) 或 H',
    dayOfMonth: '1-31、列表、范围、步长、L（最后一天）、L-3、LW、15W 或 H',
    month: '1-12 或 JAN-DEC、列表、范围、步长或 H',
    dayOfWeek: '0-7 或 SUN-SAT（0 和 7 都是周日）、列表、范围、5L（最后一个周五）、FRI#2 或 H',
    year: '1970-2099、列表、范围 (2027-2030) 或步长 (*/2)',
  },
  neverComes: (text) => `“${text}” 永远不会到来：没有这样的日子`,
  badZone: (zone) => `“${zone}” 不是时区；请写 IANA 名称，例如 Asia/Shanghai`,
  endsFirst: 'endAt 早于 startAt',
  notInstant: '不是时刻，应如 2027-01-31T09:00:00Z',
  every: (length) => `每 ${length}`,
  once: (at) => `仅一次，在 ${at}`,
  and: '；以及 ',
  or: '；或者 ',
  more: (lines) => `另有 ${String(lines)} 行`,
  units: { day: ['天', '天'], hour: ['小时', '小时'], minute: ['分钟', '分钟'], second: ['秒', '秒'] },
  noMoreFires: '不会再触发：全部触发时间都已过去。',
  sixFields: (line) => `第 ${String(line)} 行有六个字段，按 秒 分 时 日 月 星期 读取；有些工具把第六个当作年。`,
  eitherDay: (line) => `第 ${String(line)} 行同时限定了日和星期：与所有 crontab 一样，符合其一的日子都会触发。`,
  bothDays: (line) =>
    `第 ${String(line)} 行有一个以 * 开头的日期字段：与所有 crontab 一样，必须两者都符合才触发（*/2 与 1 即每逢单数日的周一）。`,
  notInMonths: (line, months) => `第 ${String(line)} 行在${months}不会触发：这些月份没有这一天。`,
  onlyLeap: (line) => `第 ${String(line)} 行只在闰年触发。`,
  unevenStep: (line, field, text) => `第 ${String(line)} 行：${field}字段的 ${text} 每轮重新开始，因此最后一步较短。`,
  mayOverlap: (what, took, apart) =>
    `${what}：最近 7 天里，二十次运行中有一次用时 ${took} 或更长，而触发时间最近仅相隔 ${apart}。`,
  overlaps: {
    skip: '它的部分触发很可能会被跳过，因为上一次运行尚未结束',
    allow: '它的运行很可能会同时进行',
    queue: '它的运行很可能要互相等待，其中一些会被跳过',
    replace: '它的运行很可能在完成之前就被下一次运行终止',
  },
  often: (seconds) => `最密时每 ${String(seconds)} 秒触发一次：需要保存很多运行。`,
  clockGap: (day, from, to, fires) => `${day} 时钟从 ${from} 拨到 ${to}：${fires}`,
  clockFold: (day, from, to, fires) => `${day} 时钟从 ${from} 拨回 ${to}：${fires}`,
  gapAfter: '落在其间的会在空缺之后立即运行一次。',
  gapSkip: '落在其间的不会运行。',
  foldOnce: '落在重复时段的只在第一次运行。',
  foldTwice: '落在重复时段的会运行两次。',
  followsGap: '此计划跟随时钟，不作补偿。',
  followsFold: '此计划跟随时钟，重复时段会算两次。',
  noteAfterGap: (missing) => `当天没有 ${missing}：在空缺之后立即运行`,
  noteFirst: '这个时间当天出现两次：第一次',
  noteSecond: '这个时间当天出现两次：第二次',
  months: ['一月', '二月', '三月', '四月', '五月', '六月', '七月', '八月', '九月', '十月', '十一月', '十二月'],
  list: (items) => items.join('、'),
};

export const WORDS = { en: english, zh: chinese } satisfies Record<Language, typeof english>;
