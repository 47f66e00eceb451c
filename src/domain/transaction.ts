/** Names a lease of the coordination store. */
export type LeaseId = string & { readonly __brand?: 'LeaseId' };

/** All compares of a transaction must hold. A `value` compare compares bytes as text and is false on an absent key. */
export type Compare =
  | { readonly type: 'exists'; readonly key: string }
  | { readonly type: 'absent'; readonly key: string }
  | { readonly type: 'revision'; readonly key: string; readonly is: number }
  | { readonly type: 'value'; readonly key: string; readonly op: '<' | '=' | '>'; readonly than: string };

export type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: string; readonly lease?: LeaseId }
  | { readonly type: 'delete'; readonly key: string }
  | { readonly type: 'get'; readonly key: string };

/** At most 128 compares and 128 operations, a key written at most once. */
export type Transaction = {
  readonly if?: readonly Compare[];
  readonly then: readonly Operation[];
  readonly else?: readonly Operation[];
};
