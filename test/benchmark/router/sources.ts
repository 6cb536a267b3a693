import {
  and,
  defineSource,
  fieldEquals,
  fieldMatches,
  hasFields,
  header,
  not,
  or,
  type Discriminator,
  type DefinedSource,
} from 'nestjs-dispatch';

const githubSource = defineSource({
  name: 'github',
  match: and(header('x-github-event'), not(hasFields('specversion'))),
  parse: (view, meta) => ({ key: `github/${String(meta.headers?.['x-github-event'])}`, payload: view.value }),
});

/** GitHub's source and so many others. It comes last, so that all the others are asked before it. */
export function sourcesWithGithub(count: number): readonly DefinedSource[] {
  const others = Array.from({ length: count - 1 }, (_, index) =>
    defineSource({
      name: `vendor-${index}`,
      match: vendorMatch(index),
      parse: (view) => ({ key: `vendor-${index}`, payload: view.value }),
    }),
  );
  return [...others, githubSource];
}

/** The ways in which webhooks are told apart; two of the five ask for fields that GitHub's payloads have too. */
function vendorMatch(index: number): Discriminator {
  switch (index % 5) {
    case 0:
      return header(`x-vendor-${index}-event`);
    case 1:
      return and(hasFields('specversion', 'source'), fieldEquals('type', `com.vendor-${index}.changed`));
    case 2:
      return fieldEquals('action', `vendor-${index}-changed`);
    case 3:
      return and(hasFields('repository.name'), fieldEquals('repository.host', `vendor-${index}.example`));
    default:
      return or(hasFields(`vendor${index}.id`), fieldMatches(`vendor${index}Event`, /^order\./));
  }
}
