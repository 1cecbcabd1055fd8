using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Packages;

/// <summary>The packages that <c>./package</c> makes of a published binary, hardly compressed.</summary>
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
    internal static Task<TempFolder> MakeAsync() => MakeAsync(HoldfastBinary.Find());

    /// <summary>Makes those of another binary.</summary>
    internal static async Task<TempFolder> MakeAsync(string binary, string architecture = "x64")
    {
        var folder = new TempFolder();
        const string Make = "HOLDFAST_PACKAGES=$1 HOLDFAST_PACKAGE_LEVEL=0 \"$2\" \"$3\" \"$4\"";
        (await Command.BashAsync(Make, folder.Path, SourceTree.PathOf("package"), binary, architecture)).Succeeded();
        return folder;
    }

    /// <summary>The path of the one package whose name ends so.</summary>
    internal string this[string end] => One(_folder, end);

    /// <summary>The same in a folder of <see cref="MakeAsync(string, string)"/>.</summary>
    internal static string One(TempFolder folder, string end) => Assert.Single(Directory.GetFiles(folder.Path, "*" + end));

    public ValueTask DisposeAsync()
    {
        _folder?.Dispose();
        return ValueTask.CompletedTask;
    }
}
