import type { signIn as inEnglish } from '../en/sign-in.ts';
import type { Translated } from '../translated.ts';

export const signIn: Translated<typeof inEnglish> = {
  showToken: '显示令牌',
  thenOnTo: (page) => `登录后前往：${page}`,
  whereToken: '令牌在哪里？',
  tokenByLink: '“cronstream up” 每次启动都会打印一个链接，无需令牌即可自动登录。',
  tokenShownOnce: '第一个管理员令牌只在第一个主节点启动时显示过一次：请查看其日志的开头。',
  tokenByOthers: '启动主节点的人可能通过 CRONSTREAM_ADMIN_TOKEN 设置了它；任何管理员都可以给你一个令牌。',
};
