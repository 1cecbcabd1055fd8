using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Sftp;

/// <summary>Where files of a repository are on a server.</summary>
/// <param name="root">The directory of the repository.</param>
internal sealed class SftpPaths(string root)
{
    public string Root => root;

    /// <summary>The directory of the repository and those above it, the outermost first.</summary>
    public IEnumerable<string> WayToRoot =>
        Enumerable.Range(1, root.Length).Where(end => end == root.Length || (root[end] == '/' && end > 0)).Select(end => root[..end]);

    /// <summary>A file, as only an id can name one.</summary>
    public string Of(FileKind kind, string name) => Of(Layout.PathOf(kind, name));

    /// <summary>What has a path below the root.</summary>
    public string Of(string relative) => root == "/" ? $"/{relative}" : $"{root}/{relative}";

    /// <summary>The folders that hold the files of a kind: packs are in 256.</summary>
    public IEnumerable<string> FoldersOf(FileKind kind) => kind == FileKind.Pack
        ? Layout.Folders.Where(folder => folder.StartsWith("data/", StringComparison.Ordinal)).Select(Of)
        : [Of(Layout.FolderOf(kind))];
}
