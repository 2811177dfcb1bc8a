// Bundles main.jsx for a page that needs nothing from elsewhere.
import { build } from 'esbuild';

await build({
  entryPoints: ['main.jsx'], outfile: 'build/main.js', bundle: true, format: 'iife', minify: true, jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: { '.svg': 'dataurl', '.png': 'dataurl', '.woff2': 'dataurl', '.ttf': 'empty' }, logLevel: 'warning',
});
