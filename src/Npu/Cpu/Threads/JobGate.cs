namespace AkkaCp.Npu.Cpu.Threads;

/// <summary>
/// Who is inside the job that a <see cref="WorkerPool"/> runs now: one 64-bit word of epoch (upper half), open flag, signal flag
/// and count of helpers inside. Only an open job can be entered, so that its memory may go away once the gate is shut and empty.
/// </summary>
internal sealed class JobGate
{
    private const long OpenFlag = 1L << 31;
    private const long SignalFlag = 1L << 30;
    private const long CountMask = SignalFlag - 1;

    private long _state;
    private uint _epoch;

    /// <summary>Number of the job that can be entered now; 0 = none.</summary>
    public uint OpenEpoch
    {
        get
        {
            var state = Interlocked.Read(ref _state);
            return (state & OpenFlag) == 0 ? 0 : (uint)(state >> 32);
        }
    }

    /// <summary>True while a helper is inside.</summary>
    public bool AnyInside => (Interlocked.Read(ref _state) & CountMask) != 0;

    /// <summary>Lets helpers in; the job's fields are written before. Only the one caller opens and closes.</summary>
    public void Open()
    {
        _epoch = _epoch == uint.MaxValue ? 1 : _epoch + 1;
        Interlocked.Exchange(ref _state, ((long)_epoch << 32) | OpenFlag);
    }

    /// <summary>Lets nobody in any more; true when somebody is still inside.</summary>
    public bool Close() => (Interlocked.And(ref _state, ~OpenFlag) & CountMask) != 0;

    /// <summary>After <see cref="Close"/>: asks the last helper to report; false when all have left already.</summary>
    public bool AskForSignal() => (Interlocked.Or(ref _state, SignalFlag) & CountMask) != 0;

    /// <summary>Goes in, if that job is still open.</summary>
    public bool TryEnter(uint epoch)
    {
        while (true)
        {
            var state = Interlocked.Read(ref _state);
            if ((uint)(state >> 32) != epoch || (state & OpenFlag) == 0)
                return false;

            if (Interlocked.CompareExchange(ref _state, state + 1, state) == state)
                return true;
        }
    }

    /// <summary>Goes out; true when this was the last one and the caller asked for a signal.</summary>
    public bool Leave()
    {
        var state = Interlocked.Decrement(ref _state);
        return (state & CountMask) == 0 && (state & SignalFlag) != 0;
    }
}
