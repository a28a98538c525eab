namespace AkkaCp.Pipeline;

/// <summary>Names of the stages, as faults and clocks say them.</summary>
internal static class StageNames
{
    public const string Embed = nameof(Embed);
    public const string QkvProjection = nameof(QkvProjection);
    public const string KvConcatGather = nameof(KvConcatGather);
    public const string ZigzagQSplit = nameof(ZigzagQSplit);
    public const string DualFia = nameof(DualFia);
    public const string Concat = nameof(Concat);
    public const string Moe = nameof(Moe);
    public const string LmHead = nameof(LmHead);
}
