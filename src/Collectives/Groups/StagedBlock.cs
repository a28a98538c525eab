using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Groups;

/// <summary>Rows that came before their call.</summary>
/// <param name="Slot">Slot of the peer in the group.</param>
/// <param name="Place">Place in the peer's <see cref="Links.EagerArena"/>.</param>
/// <param name="Header">Their frame.</param>
internal readonly record struct StagedBlock(int Slot, int Place, FrameHeader Header);
