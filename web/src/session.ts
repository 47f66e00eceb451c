import { useQuery } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { ask } from './api.ts';

/** In the order of what they may. */
const ROLES = ['viewer', 'operator', 'editor', 'admin'] as const;
export type Role = (typeof ROLES)[number];
export type Me = { readonly name: string; readonly role: Role; readonly noAuth: boolean };

/** Who is looking. Where the answer is 401 the shell shows the sign-in. */
export const useMe = () => useQuery({ queryKey: ['me'], queryFn: () => ask<Me>('GET', '/me') });

/** Who is signed in, for all of the page: it changes only with another signing in. */
export const SignedIn = createContext<Me | undefined>(undefined);

/** Whether who is looking may do what the role may: what would be refused is not offered. */
export const useMay = (role: Role): boolean => {
  // Not by a query of its own: each of a thousand rows asks several times.
  const me = useContext(SignedIn);
  return me !== undefined && ROLES.indexOf(me.role) >= ROLES.indexOf(role);
};
