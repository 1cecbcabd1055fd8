using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Packages;

/// <summary>The packages that <c>./package</c> makes of the published binary, hardly compressed.</summary>
public sealed class BuiltPackages : IAsyncLifetime
{
    private TempFolder _folder = null!;

    /// <summary>The folder that they lie in; scripts of an old root find it as <c>/srv/shared</c>.</summary>
    internal TempFolder Folder => _folder;

    public async ValueTask InitializeAsync()
    {
        foreach (var program in new[] { "dpkg-deb", "rpmbuild", "xz" }) Require.Program(program);
        _folder = await MakeAsync();
    }

    /// <summary>Makes them once more, in a folder of their own.</summary>
    internal static async Task<TempFolder> MakeAsync()
    {
        var folder = new TempFolder();
        const string Make = "HOLDFAST_PACKAGES=$1 HOLDFAST_PACKAGE_LEVEL=0 \"$2\" \"$3\"";
        (await Command.BashAsync(Make, folder.Path, SourceTree.PathOf("package"), HoldfastBinary.Find())).Succeeded();
        return folder;
    }

    /// <summary>The path of the one package whose name ends so.</summary>
    internal string this[string end] => Assert.Single(Directory.GetFiles(_folder.Path, "*" + end));

    public ValueTask DisposeAsync()
    {
        _folder?.Dispose();
        return ValueTask.CompletedTask;
    }
}
