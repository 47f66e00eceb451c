import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: { outDir: '../dist/web', emptyOutDir: true, target: 'es2022', sourcemap: false, modulePreload: { polyfill: false } },
  // For `npx vite web` beside a master: the API is asked there.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8070', ws: true } } },
});
