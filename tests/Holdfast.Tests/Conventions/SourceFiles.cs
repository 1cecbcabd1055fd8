using Holdfast.Testing;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Holdfast.Tests.Conventions;

/// <summary>One file of the repository: its path from the root, with forward slashes, and its text.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    private readonly Lazy<SyntaxTree> _syntax = new(() =>
        CSharpSyntaxTree.ParseText(Text, new CSharpParseOptions(LanguageVersion.Latest), Path));

    /// <summary>The file as C#.</summary>
    public SyntaxTree Syntax => _syntax.Value;

    public IEnumerable<SyntaxNode> Nodes => Syntax.GetRoot().DescendantNodes();
}

/// <summary>The repository's own files, read once for all conventions.</summary>
internal static class SourceFiles
{
    private static readonly string[] Skipped = ["bin", "obj", "artifacts", ".git", "TestResults"];
    private static readonly Lazy<IReadOnlyList<SourceFile>> Read = new(ReadAll);

    /// <summary>Every text file of the repository.</summary>
    public static IReadOnlyList<SourceFile> All => Read.Value;

    /// <summary>All C#, tests and benches included.</summary>
    public static IEnumerable<SourceFile> Code => All.Where(file => file.Path.EndsWith(".cs", StringComparison.Ordinal));

    /// <summary>The C# of what ships.</summary>
    public static IEnumerable<SourceFile> Shipped => Code.Where(file => file.Path.StartsWith("src/", StringComparison.Ordinal));

    private static List<SourceFile> ReadAll()
    {
        var files = new List<SourceFile>();
        Collect(new DirectoryInfo(SourceTree.Root), files);
        return files;
    }

    private static void Collect(DirectoryInfo folder, List<SourceFile> files)
    {
        foreach (var file in folder.EnumerateFiles().Where(file => file.LinkTarget is null && file.Name != ".git"))
        {
            var text = File.ReadAllText(file.FullName);
            if (!text.Contains('\0')) files.Add(new SourceFile(Path.GetRelativePath(SourceTree.Root, file.FullName), text));
        }
        foreach (var below in folder.EnumerateDirectories().Where(below => !Skipped.Contains(below.Name, StringComparer.Ordinal)))
            Collect(below, files);
    }
}
