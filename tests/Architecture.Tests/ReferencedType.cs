using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace AkkaCp.Architecture.Tests;

/// <summary>A type that an assembly uses of another one, as its metadata lists them: in signatures, code and attributes.</summary>
internal sealed record ReferencedType(string Assembly, string Namespace, string Name)
{
    /// <summary>All of them. A nested type is listed by the type that it is in.</summary>
    public static IReadOnlyList<ReferencedType> Of(Assembly assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        var metadata = file.GetMetadataReader();
        return [.. metadata.TypeReferences.Select(metadata.GetTypeReference)
            .Where(type => type.ResolutionScope.Kind == HandleKind.AssemblyReference)
            .Select(type => new ReferencedType(
                metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name),
                metadata.GetString(type.Namespace), metadata.GetString(type.Name)))];
    }
}
