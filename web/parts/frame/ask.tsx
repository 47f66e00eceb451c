import { Button, Group, Modal, Text } from '@mantine/core';
import { createContext, useContext, useState, type ReactNode } from 'react';
import { texts } from '../../src/texts.ts';

type Question = {
  /** Names what it is about. */
  readonly title: string;
  readonly hint: string;
  /** The word on the button that does it. */
  readonly yes: string;
  readonly onYes: () => void;
};

const Ask = createContext<(question: Question) => void>(() => undefined);

/** Asks once before something that cannot be taken back. */
export const useAsk = (): ((question: Question) => void) => useContext(Ask);

export const AskProvider = ({ children }: { readonly children: ReactNode }) => {
  // The question stays while the dialog fades out.
  const [question, setQuestion] = useState<Question>();
  const [isOpen, setOpen] = useState(false);
  const close = (): void => setOpen(false);
  return (
    <Ask
      value={(asked) => {
        setQuestion(asked);
        setOpen(true);
      }}
    >
      {children}
      <Modal
        opened={isOpen}
        onClose={close}
        title={<span className="anywhere">{question?.title}</span>}
        centered
        styles={{ title: { fontWeight: 600, overflowWrap: 'anywhere' } }}
        closeButtonProps={{ 'aria-label': texts.close }}
      >
        <Text size="sm" c="dimmed">
          {question?.hint}
        </Text>
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={close}>
            {texts.cancel}
          </Button>
          <Button
            color="red"
            data-autofocus
            onClick={() => {
              close();
              question?.onYes();
            }}
          >
            {question?.yes}
          </Button>
        </Group>
      </Modal>
    </Ask>
  );
};
