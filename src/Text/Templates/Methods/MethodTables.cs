using System.Collections.Frozen;

namespace AkkaCp.Text.Templates;

/// <summary>The methods of each type by name.</summary>
internal static class MethodTables
{
    public static Operation? Find(TemplateValue target, string name) => Of(target)?.GetValueOrDefault(name);

    private static FrozenDictionary<string, Operation>? Of(TemplateValue target) => target switch
    {
        MarkupValue => MarkupMethods.Table,
        StringValue => StringMethods.Table,
        MappingValue => CollectionMethods.OfMapping,
        MappingViewValue { View: not MappingView.Values } => CollectionMethods.OfView,
        SequenceValue { Kind: SequenceKind.List } => CollectionMethods.OfList,
        SequenceValue => CollectionMethods.OfTuple,
        FloatValue => NumberMethods.OfFloat,
        NumberValue => NumberMethods.OfInteger,
        BytesValue => BytesMethods.Table,
        _ => null,
    };
}
