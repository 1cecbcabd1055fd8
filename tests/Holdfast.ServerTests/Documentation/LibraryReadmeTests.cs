using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Documentation;

public sealed class LibraryReadmeTests
{
    private const string Project = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <Nullable>enable</Nullable>
            <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
            <NoWarn>CA1416</NoWarn>
          </PropertyGroup>
          <ItemGroup>
            <Reference Include="BASE/Holdfast.Restic.dll" />
            <Reference Include="BASE/ZstdSharp.dll" />
          </ItemGroup>
        </Project>
        """;

    [Fact]
    public async Task The_program_of_the_readme_compiles_runs_and_pleases_restic()
    {
        var restic = ResticBinary.Find();
        using var folder = new TempFolder();
        var readme = await File.ReadAllTextAsync(SourceTree.PathOf("src/Holdfast.Restic/README.md"), TestContext.Current.CancellationToken);
        folder.Write("program/program.csproj", Project.Replace("BASE/", AppContext.BaseDirectory, StringComparison.Ordinal));
        folder.Write("program/Program.cs", Assert.Single(CodeBlocks.Of(readme, "csharp")));
        folder.Write("source/letter", "Dear reader");
        var built = await Command.RunAsync("dotnet", ["build", folder["program"], "--nologo", "-v", "q", "-o", folder["built"], "-p:UseSharedCompilation=false"]);
        built.Succeeded();

        var ran = await Command.RunAsync(folder["built/program"], [folder["repository"], folder["source"], folder["target"]]);

        Assert.EndsWith("clean\n", ran.Succeeded().Output, StringComparison.Ordinal);
        Assert.Empty((await Tree.ListAsync(folder["source"])).Differences(await Tree.ListAsync(folder["target"] + folder["source"])));
        await restic.CheckAsync(folder["repository"], "a secret");
    }
}
