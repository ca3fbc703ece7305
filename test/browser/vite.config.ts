/** How the page of test/browser.test.ts is bundled: from the packages' sources, and with nothing of Node's. */
import { nothingOfNode } from '../../apps/web/nothing-of-node.ts';

export default {
  base: './',
  resolve: { conditions: ['anke-source', 'browser', 'module', 'production'] },
  build: { target: 'es2023' },
  plugins: [nothingOfNode],
};
