/** Foreign messages: sources, signatures, hooks, errors. Part of the public surface, `lib/index.ts`. */

export {
  BadSignatureError,
  DuplicateKeyError,
  HandlerFailedError,
  HookFailedError,
  InvalidRawMessageError,
  NoHandlerError,
  NoSourceError,
  SourceSetupError,
  UnreadableRawMessageError,
  UnverifiableMessageError,
  type BadSignatureReason,
  type RouteFacts,
} from '../router/errors.js';
export type { RouteContext, RouterHooks, SourceHooks } from '../router/hooks.js';
export { DispatchExceptionFilter, type DispatchErrorBody } from '../router/http-exception.filter.js';
export {
  hmacSignature,
  type HmacSignatureOptions,
  type SignatureCheck,
  type SignatureSecret,
  type SignedTimestamp,
} from '../router/signatures.js';
export {
  and,
  fieldEquals,
  fieldMatches,
  hasFields,
  header,
  not,
  or,
  type Discriminator,
  type DiscriminatorFunction,
  type FieldValue,
} from '../router/sources/discriminators.js';
export { jsonInspector, type Inspector } from '../router/sources/inspector.js';
export { Source } from '../router/sources/source.decorator.js';
export {
  defineSource,
  type DefinedSource,
  type MessageSource,
  type Replier,
  type RoutedMessage,
  type SourceDefinition,
  type SourceEntry,
  type SourceOptions,
} from '../router/sources/source.js';
export { viewOf, type View } from '../router/sources/view.js';
