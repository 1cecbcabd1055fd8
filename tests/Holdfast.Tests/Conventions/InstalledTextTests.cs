using System.Text.RegularExpressions;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>Whoever has nothing but the package reads help texts, hints, profiles and units: they name no file of the sources.</summary>
public sealed partial class InstalledTextTests
{
    private const string Installed = "/usr/share/doc/holdfast/";

    /// <summary>The lines of the product that a user may see: not the comments of its code.</summary>
    private static readonly IReadOnlyList<(string Place, string Text)> _lines =
    [
        .. from file in SourceFiles.All
           where file.Path.StartsWith("src/", StringComparison.Ordinal) && file.Path.EndsWith(".cs", StringComparison.Ordinal)
               || file.Path.StartsWith("profiles/", StringComparison.Ordinal) || file.Path.StartsWith("packaging/systemd/", StringComparison.Ordinal)
               || file.Path is "packaging/README.md" or "packaging/deb/lintian-overrides"
           from line in file.Text.Split('\n').Index()
           where !line.Item.TrimStart().StartsWith("//", StringComparison.Ordinal)
           select ($"{file.Path}:{line.Index + 1}", line.Item),
    ];

    [Fact]
    public void No_text_of_the_product_names_a_file_that_is_not_installed() =>
        Report.None(_lines.Where(line => OfTheSources().IsMatch(line.Text)).Select(line => $"{line.Place}: {line.Text.Trim()}"), $"Name {Installed}FILE, or a page of the manual.");

    [Fact]
    public void A_document_that_is_named_exists()
    {
        var named = _lines.SelectMany(line => OfThePackage().Matches(line.Text).Select(match => match.Groups["name"].Value)).Distinct(StringComparer.Ordinal).ToList();
        Each.Holds(named, name => Assert.True(File.Exists(SourceTree.PathOf($"docs/{name}")), name));
    }

    [GeneratedRegex(@"(?<!/usr/share/)\bdocs/[a-z]|\b(ARCHITECTURE|CONTRIBUTING)\.md", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OfTheSources();

    [GeneratedRegex("/usr/share/doc/holdfast/(?<name>[a-z-]+\\.md)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OfThePackage();
}
