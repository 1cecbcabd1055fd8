using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Sftp;

/// <summary>The paths of a repository's files on a server.</summary>
/// <param name="root">The directory of the repository.</param>
internal sealed class SftpPaths(string root)
{
    public string Root => root;

    /// <summary>The directory of the repository and its parents, the outermost first.</summary>
    public IEnumerable<string> WayToRoot =>
        Enumerable.Range(1, root.Length).Where(end => end == root.Length || (root[end] == '/' && end > 0)).Select(end => root[..end]);

    /// <summary>Returns the path of a file; only an id is accepted as its name.</summary>
    public string Of(FileKind kind, string name) => Of(Layout.PathOf(kind, name));

    /// <summary>Returns the path of a name below the root.</summary>
    public string Of(string relative) => root == "/" ? $"/{relative}" : $"{root}/{relative}";

    /// <summary>Returns the directories of a kind of file: packs have 256.</summary>
    public IEnumerable<string> FoldersOf(FileKind kind) => kind == FileKind.Pack
        ? Layout.Folders.Where(folder => folder.StartsWith("data/", StringComparison.Ordinal)).Select(Of)
        : [Of(Layout.FolderOf(kind))];
}
