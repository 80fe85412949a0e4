import {
  type Announcements,
  closestCenter,
  DndContext,
  KeyboardSensor,
  PointerSensor,
  type UniqueIdentifier,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import {
  arrayMove,
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from "@dnd-kit/sortable";

import { room as words } from "../../lib/strings.room";

import { SeatRow, type SeatRowProps, type SeatView } from "./SeatRow";

type PlainSeat = Omit<SeatRowProps, "grip" | "gripRef" | "rowRef" | "style" | "dragged">;

interface Props {
  seats: SeatView[];
  row: (seat: SeatView) => PlainSeat;
  onOrder: (ids: string[]) => void;
}

/** Seats that can be moved, with the pointer and with the keys. Loaded when a room is edited. */
export default function SortableSeats({ seats, row, onOrder }: Props) {
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const ids = seats.map((seat) => seat.id);
  const nameOf = (id: UniqueIdentifier) => seats.find((seat) => seat.id === id)?.name ?? "";
  const at = (id: UniqueIdentifier | undefined) => ids.indexOf(String(id)) + 1;
  const announcements: Announcements = {
    onDragStart: ({ active }) => words.dragged.start(nameOf(active.id)),
    onDragOver: ({ active, over }) =>
      over ? words.dragged.over(nameOf(active.id), at(over.id), ids.length) : undefined,
    onDragEnd: ({ active, over }) =>
      words.dragged.end(nameOf(active.id), at(over?.id ?? active.id), ids.length),
    onDragCancel: ({ active }) => words.dragged.cancel(nameOf(active.id)),
  };
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      accessibility={{
        announcements,
        screenReaderInstructions: { draggable: words.seatsHelp },
        // Where the seats stand only seats may be: what is read aloud belongs elsewhere.
        container: document.getElementById("main") ?? undefined,
      }}
      onDragEnd={({ active, over }) => {
        if (!over || active.id === over.id) return;
        onOrder(arrayMove(ids, at(active.id) - 1, at(over.id) - 1));
      }}
    >
      <SortableContext items={ids} strategy={verticalListSortingStrategy}>
        {seats.map((seat) => (
          <Movable key={seat.id} {...row(seat)} />
        ))}
      </SortableContext>
    </DndContext>
  );
}

function Movable(props: PlainSeat) {
  const { setNodeRef, setActivatorNodeRef, listeners, attributes, transform, transition, isDragging } =
    useSortable({ id: props.seat.id });
  return (
    <SeatRow
      {...props}
      rowRef={setNodeRef}
      dragged={isDragging}
      style={{
        // Rows move up and down only.
        transform: transform ? `translateY(${transform.y}px)` : undefined,
        transition,
      }}
      gripRef={setActivatorNodeRef}
      grip={{
        ...listeners,
        "aria-describedby": attributes["aria-describedby"],
        "aria-roledescription": attributes["aria-roledescription"],
      }}
    />
  );
}
