using Holdfast.Cli.Setup;
using Holdfast.Components.Systemd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Cli;

/// <summary>Which folders of an application setup finds by the units that run it.</summary>
public sealed class PlatformFilesTests : IDisposable
{
    private readonly string _root = $"/srv/holdfast-{Guid.NewGuid():N}";

    public PlatformFilesTests() => Require.Root();

    public void Dispose()
    {
        if (Directory.Exists(_root)) Directory.Delete(_root, recursive: true);
    }

    [Theory]
    [InlineData("shop/web", "shop")]
    [InlineData("shop/venv/bin/gunicorn", "shop/venv")]
    public void A_program_that_no_package_installed_is_found_with_its_folder(string program, string folder)
    {
        var path = $"{_root}/{program}";
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "#!/bin/sh");
        Assert.Equal([$"{_root}/{folder}"], PlatformFiles.Of([Unit(path)])["application"]);
    }

    [Fact]
    public void A_folder_of_programs_of_several_owners_is_not_taken()
    {
        var program = $"/usr/local/bin/{Path.GetFileName(_root)}";
        File.WriteAllText(program, "#!/bin/sh");
        try
        {
            Assert.False(PlatformFiles.Of([Unit(program)]).ContainsKey("application"));
        }
        finally
        {
            File.Delete(program);
        }
    }

    private static RunningUnit Unit(string program) => new() { Name = "shop.service", File = "/etc/systemd/system/shop.service", Command = [program] };
}
