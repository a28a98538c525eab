using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using AkkaCp.Server.Answers;
using AkkaCp.Server.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;

namespace AkkaCp.Server.Description;

/// <summary>What of a schema the types do not say themselves.</summary>
internal static class SchemaRules
{
    /// <summary>Completes the schema of a type, or of a field.</summary>
    public static Task ApplyAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancelled)
    {
        if (context.JsonPropertyInfo?.AttributeProvider?.GetCustomAttributes(typeof(ShapeAttribute), false) is [ShapeAttribute shape])
        {
            Become(schema, shape.Schema);
            return Task.CompletedTask;
        }

        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        if (type == typeof(UsageField))
            schema.AllOf = [new OpenApiSchemaReference(nameof(TokenUsage), context.Document)];
        if (context.JsonTypeInfo.Kind is JsonTypeInfoKind.Object)
            schema.Required = context.JsonTypeInfo.Properties.Where(IsAlwaysThere).Select(property => property.Name).ToHashSet();
        return Task.CompletedTask;
    }

    /// <summary>Whether an object of ours has a field in every case.</summary>
    private static bool IsAlwaysThere(JsonPropertyInfo property) =>
        property.AttributeProvider?.GetCustomAttributes(typeof(RequiredAttribute), false) is [RequiredAttribute]
        || property.AttributeProvider?.GetCustomAttributes(typeof(JsonIgnoreAttribute), false)
            is [JsonIgnoreAttribute { Condition: JsonIgnoreCondition.Never }]
        || (!property.IsGetNullable && Nullable.GetUnderlyingType(property.PropertyType) is null
            && property.PropertyType != typeof(JsonElement));

    private static void Become(OpenApiSchema schema, string json)
    {
        var read = OpenApiModelFactory.Parse<OpenApiSchema>(json, OpenApiSpecVersion.OpenApi3_1, new OpenApiDocument(), out _)!;
        foreach (var property in typeof(OpenApiSchema).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.CanWrite && property.Name != nameof(OpenApiSchema.Const))
                property.SetValue(schema, property.GetValue(read) ?? property.GetValue(schema));
        }

        // Else it is a reference to what any value is.
        if (schema.Metadata?.TryGetValue("x-ref-description", out var description) is true)
            schema.Description = description as string;
        schema.Metadata = null;
    }
}
