type Between = { readonly _id: { readonly $gt?: string; readonly $lt?: string } };

/** Ids that begin with a prefix, which ends in `/`, and come after the one id and before the other. Both servers compare ids by their UTF-8 bytes, where `0` comes right after `/`: so the end of the
 *  range holds for names of any script. */
export const inPrefix = (prefix: string, after?: string, before?: string): { readonly $and: Between[] } => ({
  $and: [
    { _id: { $gt: prefix, $lt: `${prefix.slice(0, -1)}0` } },
    ...(after === undefined ? [] : [{ _id: { $gt: after } }]),
    ...(before === undefined ? [] : [{ _id: { $lt: before } }]),
  ],
});
