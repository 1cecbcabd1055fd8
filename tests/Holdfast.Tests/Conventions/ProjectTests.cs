using System.Xml.Linq;
using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>Restic &lt;- Engine &lt;- Components &lt;- Cli: what a project may know of the others, and nothing that it does not.</summary>
public sealed class ProjectTests
{
    [Theory]
    [InlineData("Holdfast.Restic")]
    [InlineData("Holdfast.Engine", "Holdfast.Restic")]
    [InlineData("Holdfast.Components", "Holdfast.Restic", "Holdfast.Engine")]
    [InlineData("Holdfast.Cli", "Holdfast.Restic", "Holdfast.Engine", "Holdfast.Components")]
    public void A_shipped_project_refers_only_to_those_below_it(string project, params string[] below) =>
        Assert.Empty(References(project).Except(below, StringComparer.Ordinal));

    [Fact]
    public void Every_shipped_project_has_its_place_in_the_order() =>
        Report.None(
            Projects().Where(path => path.StartsWith("src/", StringComparison.Ordinal))
                .Except(new[] { "Restic", "Engine", "Components", "Cli" }.Select(name => $"src/Holdfast.{name}/Holdfast.{name}.csproj"), StringComparer.Ordinal),
            "Say above what it may refer to.");

    [Fact]
    public void Versions_stand_in_one_place() =>
        Report.None(
            from path in Projects()
            from package in Read(path).Descendants("PackageReference")
            where package.Attribute("Version") is not null || package.Attribute("VersionOverride") is not null
            select $"{path}: {package}",
            "Directory.Packages.props has the versions.");

    private static IEnumerable<string> Projects() =>
        SourceFiles.All.Select(file => file.Path).Where(path => path.EndsWith(".csproj", StringComparison.Ordinal));

    private static IEnumerable<string> References(string project) => Read($"src/{project}/{project}.csproj")
        .Descendants("ProjectReference")
        .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));

    private static XDocument Read(string path) => XDocument.Parse(SourceFiles.All.Single(file => file.Path == path).Text);
}
