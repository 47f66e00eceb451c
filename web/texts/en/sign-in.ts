/** The way in. */
export const signIn = {
  showToken: 'Show the token',
  thenOnTo: (page: string) => `Then on to: ${page}`,
  whereToken: 'Where is the token?',
  tokenByLink: '“cronstream up” prints a link at every start that signs in by itself, without a token.',
  tokenShownOnce: 'The first admin token was shown once, when the first master started: look at the beginning of its log.',
  tokenByOthers: 'Whoever starts the masters may have set it as CRONSTREAM_ADMIN_TOKEN; any admin can give you one.',
} as const;
