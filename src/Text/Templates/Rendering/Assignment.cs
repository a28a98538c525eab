namespace AkkaCp.Text.Templates;

/// <summary>Writes a value to the target of a set or for.</summary>
internal static class Assignment
{
    public static void Assign(RenderContext context, AssignmentTarget target, TemplateValue value, Scope scope)
    {
        switch (target)
        {
            case NameTarget name:
                scope.Set(name.Name, value);
                break;
            case NamespaceTarget attribute:
                if (scope.Find(attribute.Namespace) is not NamespaceValue owner)
                    throw new TemplateError($"'{attribute.Namespace}' is not a namespace, its attributes cannot be set");
                owner.Attributes[attribute.Attribute] = value;
                break;
            case TupleTarget tuple:
                Unpack(context, tuple, value, scope);
                break;
        }
    }

    private static void Unpack(RenderContext context, TupleTarget target, TemplateValue value, Scope scope)
    {
        if (!Sequences.IsIterable(value))
            throw new TemplateError($"expected {target.Items.Count} items to unpack, found '{value.TypeName}'");
        var items = Sequences.Enumerate(context, value).Take(target.Items.Count + 1).ToList();
        if (items.Count != target.Items.Count)
        {
            throw new TemplateError(items.Count > target.Items.Count
                ? $"expected {target.Items.Count} items to unpack, found more"
                : $"expected {target.Items.Count} items to unpack, found {items.Count}");
        }

        for (var i = 0; i < items.Count; i++)
            Assign(context, target.Items[i], items[i], scope);
    }
}
