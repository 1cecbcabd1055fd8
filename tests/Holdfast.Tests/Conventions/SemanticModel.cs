using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Holdfast.Tests.Conventions;

/// <summary>A place in the code that uses a type.</summary>
internal sealed record TypeUse(string Place, string FromNamespace, string ToNamespace, string ToType);

/// <summary>
/// Which types the shipped code uses, and where, as the compiler sees it: a layer can't be gone around by a full name,
/// an alias or a member of a member. All projects are compiled as one; generated code is not part of it, and is not needed.
/// </summary>
internal static class SemanticModel
{
    private const string ImplicitUsings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
        """;

    private static readonly Lazy<IReadOnlyList<TypeUse>> All = new(Collect);

    public static IReadOnlyList<TypeUse> TypeUses => All.Value;

    private static List<TypeUse> Collect()
    {
        var sources = SourceFiles.Shipped.Select(file => file.Syntax).ToList();
        var libraries = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(':')
            .Where(path => !Path.GetFileName(path).StartsWith("Holdfast", StringComparison.OrdinalIgnoreCase))
            .Select(path => MetadataReference.CreateFromFile(path));
        var compilation = CSharpCompilation.Create(
            "Shipped",
            [.. sources, CSharpSyntaxTree.ParseText(ImplicitUsings, (CSharpParseOptions)sources[0].Options)],
            libraries,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable));
        return [.. sources.AsParallel().SelectMany(source => Uses(compilation.GetSemanticModel(source)))];
    }

    private static IEnumerable<TypeUse> Uses(Microsoft.CodeAnalysis.SemanticModel model)
    {
        foreach (var name in model.SyntaxTree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
        {
            if (TypeOf(model.GetSymbolInfo(name)) is not { } type) continue;
            var from = model.GetEnclosingSymbol(name.SpanStart)?.ContainingNamespace?.ToDisplayString() ?? "";
            var line = name.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
            yield return new TypeUse($"{model.SyntaxTree.FilePath}:{line}", from, type.ContainingNamespace?.ToDisplayString() ?? "", type.Name);
        }
    }

    private static INamedTypeSymbol? TypeOf(SymbolInfo info) => (info.Symbol ?? info.CandidateSymbols.FirstOrDefault()) switch
    {
        INamedTypeSymbol type => type,
        IMethodSymbol or IPropertySymbol or IFieldSymbol or IEventSymbol => (info.Symbol ?? info.CandidateSymbols[0]).ContainingType,
        _ => null,
    };
}
