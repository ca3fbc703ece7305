/** A recipe in a link: `#recipe=` and its JSON, deflated and in base64url. Nothing of it reaches a server. */

const NAME = 'recipe';

async function through(bytes: Uint8Array, transform: GenericTransformStream): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(transform);
  return new Uint8Array(await new Response(stream as ReadableStream).arrayBuffer());
}

/** The page's address with the recipe. */
export async function linkTo(recipe: string): Promise<string> {
  const compact = JSON.stringify(JSON.parse(recipe));
  const packed = await through(new TextEncoder().encode(compact), new CompressionStream('deflate-raw'));
  const base64 = btoa(String.fromCharCode(...packed));
  const text = base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return `${location.href.replace(/#.*$/, '')}#${NAME}=${text}`;
}

/** The recipe that the page's address carries; undefined if it carries none, the text as it is if it is not packed. */
export async function recipeInLink(hash: string): Promise<string | undefined> {
  const given = new URLSearchParams(hash.replace(/^#/, '')).get(NAME);
  if (!given) return undefined;
  if (given.startsWith('{')) return given;
  try {
    const bytes = Uint8Array.from(atob(given.replaceAll('-', '+').replaceAll('_', '/')), (sign) => sign.charCodeAt(0));
    return new TextDecoder().decode(await through(bytes, new DecompressionStream('deflate-raw')));
  } catch {
    return given; // is told to be no recipe where it is checked
  }
}
