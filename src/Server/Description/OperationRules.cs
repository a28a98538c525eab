using System.Globalization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace AkkaCp.Server.Description;

/// <summary>What a path has besides its body and its answer: streams, errors, keys.</summary>
internal static class OperationRules
{
    /// <summary>What streams are.</summary>
    public const string EventStream = "text/event-stream";

    private const string Bearer = "bearer";
    private const string KeyHeader = "x-api-key";

    /// <summary>Says what the document is about, and how keys are given.</summary>
    public static Task IntroduceAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancelled)
    {
        document.Info = new OpenApiInfo
        {
            Title = "AkkaCp",
            Version = typeof(OperationRules).Assembly.GetName().Version!.ToString(3),
            Description = "OpenAI's API in front of an AkkaCp engine. Fields that do not stand here are refused.",
        };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" };
        document.Components.SecuritySchemes[KeyHeader] =
            new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = KeyHeader };
        document.Servers = [];
        return Task.CompletedTask;
    }

    /// <summary>Completes a path.</summary>
    public static Task ApplyAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancelled)
    {
        var path = context.Description.ActionDescriptor.EndpointMetadata.OfType<DescribedPath>().Single();
        var document = context.Document!;
        var responses = operation.Responses!;
        if (responses.Remove(DescribedPath.ChunkStatus.ToString(CultureInfo.InvariantCulture), out var chunk))
            responses["200"].Content![EventStream] = chunk.Content![EventStream];
        responses.Remove(DescribedPath.ErrorStatus.ToString(CultureInfo.InvariantCulture), out var error);
        foreach (var (status, description) in new[] { ("4XX", "The request is wrong"), ("5XX", "The service cannot answer") })
            responses[status] = new OpenApiResponse { Description = description, Content = error!.Content };

        // Keys are asked for where any are configured.
        if (!path.IsProbe)
        {
            operation.Security =
            [
                new OpenApiSecurityRequirement(),
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, document)] = [] },
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyHeader, document)] = [] },
            ];
        }

        return Task.CompletedTask;
    }
}
