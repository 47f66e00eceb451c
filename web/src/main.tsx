import '@mantine/core/styles.css';
import './page.css';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { AskProvider } from '../parts/frame/ask.tsx';
import { TellProvider } from '../parts/frame/tell.tsx';
import { language } from './language.ts';
import { queryClient } from './query.ts';
import { Shell } from './shell.tsx';
import { theme } from './theme.ts';

document.documentElement.lang = { en: 'en', zh: 'zh-CN' }[language];

const root = document.getElementById('root');
if (!root) throw new Error('the page has no place for the console');
createRoot(root).render(
  <StrictMode>
    <MantineProvider defaultColorScheme="auto" theme={theme}>
      <QueryClientProvider client={queryClient}>
        <TellProvider>
          <AskProvider>
            <Shell />
          </AskProvider>
        </TellProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
