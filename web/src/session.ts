import { useQuery } from '@tanstack/react-query';
import { ask } from './api.ts';

/** In the order of what they may. */
const ROLES = ['viewer', 'operator', 'editor', 'admin'] as const;
export type Role = (typeof ROLES)[number];
export type Me = { readonly name: string; readonly role: Role; readonly noAuth: boolean };

/** Who is looking. Where the answer is 401 the shell shows the sign-in. */
export const useMe = () => useQuery({ queryKey: ['me'], queryFn: () => ask<Me>('GET', '/me') });

/** Whether who is looking may do what the role may: what would be refused is not offered. */
export const useMay = (role: Role): boolean => {
  const me = useMe().data;
  return me !== undefined && ROLES.indexOf(me.role) >= ROLES.indexOf(role);
};
