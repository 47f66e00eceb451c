import { BSON, MongoBulkWriteError, MongoInvalidArgumentError } from 'mongodb';

/** A document of the protocol has at most 16 MiB. */
export const MOST_BYTES = 16 * 1024 * 1024;

/** https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
export const DUPLICATE_KEY = 11_000;

/** Codes that blame one document, so that the same document is refused every time. All other codes (stepping down, no space, no permission, …) may pass: who treated them
 *  as a refusal would lose events. */
const OF_A_DOCUMENT = new Set([
  2, // BadValue
  9, // FailedToParse
  14, // TypeMismatch
  15, // Overflow
  16, // InvalidLength
  22, // InvalidBSON
  52, // DollarPrefixedFieldName
  53, // InvalidIdField
  55, // InvalidDBRef
  56, // EmptyFieldName
  57, // DottedFieldName
  121, // DocumentValidationFailure
  10_334, // BSONObjectTooLarge
  17_280, // KeyTooLong
]);
export const isOfADocument = (code: unknown): boolean => typeof code === 'number' && OF_A_DOCUMENT.has(code);

/** Codes that blame a document when the whole command is refused. The others above may then mean the command itself. */
const OF_A_DOCUMENT_IN_A_COMMAND: readonly unknown[] = [22, 10_334];

/** Whether a whole command failed, before or after it was sent, because of one document in it that is not named. */
export const hidesADocument = (error: unknown): boolean =>
  error instanceof BSON.BSONError ||
  error instanceof RangeError || // a document that is larger than the driver's buffer
  (error instanceof MongoInvalidArgumentError && /larger than the maximum size/.test(error.message)) ||
  (error instanceof MongoBulkWriteError &&
    [error.writeErrors].flat().length === 0 &&
    OF_A_DOCUMENT_IN_A_COMMAND.includes(error.code));

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Why a document cannot be sent at all, or undefined. */
export const unfitReason = (document: object): string | undefined => {
  try {
    const bytes = BSON.calculateObjectSize(document);
    return bytes <= MOST_BYTES ? undefined : `it has ${String(bytes)} bytes, a document may have ${String(MOST_BYTES)}`;
  } catch (error) {
    return reasonOf(error);
  }
};
