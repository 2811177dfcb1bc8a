// Bundles main.jsx for a page that needs nothing from elsewhere.
import { readFile } from 'node:fs/promises';
import { build } from 'esbuild';

// Grafana's tables are made with a fork of react-data-grid that is not in npm's registry. The
// version that is there writes providers of contexts as React 19 does.
const providers = {
  name: 'providers',
  setup(b) {
    b.onLoad({ filter: /react-data-grid[/\\]lib[/\\]bundle\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(/(jsxs?\(\w+Context), \{/g, '$1.Provider, {'),
    }));
  },
};

await build({
  entryPoints: ['main.jsx'], outfile: 'build/main.js', bundle: true, format: 'iife', minify: true, jsx: 'automatic', plugins: [providers],
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: { '.svg': 'dataurl', '.png': 'dataurl', '.woff2': 'dataurl', '.ttf': 'empty' }, logLevel: 'warning',
});
