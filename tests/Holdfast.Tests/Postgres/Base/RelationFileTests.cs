using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Format;
using Holdfast.Restic.Snapshots;
using Xunit;

namespace Holdfast.Tests.Postgres.Base;

public sealed class RelationFileTests
{
    [Theory]
    [InlineData("base/5/16384", "16384", "", 0)]
    [InlineData("base/5/16384.12", "16384", "", 12)]
    [InlineData("base/5/16384_vm", "16384", "vm", 0)]
    [InlineData("global/1262_fsm.1", "1262", "fsm", 1)]
    [InlineData("pg_tblspc/16385/PG_15_202209061/5/16386_init", "16386", "init", 0)]
    public void Names_of_relations_are_taken_apart(string path, string node, string fork, int segment) =>
        Assert.Equal(new RelationFile(node, fork, segment), RelationFile.OfPath(path));

    [Theory]
    [InlineData("base/5/PG_VERSION")]
    [InlineData("base/5/pg_filenode.map")]
    [InlineData("base/5/16384_old")]
    [InlineData("base/5/16384.")]
    [InlineData("base/5/16384.1.2")]
    [InlineData("base/5/t3_16384")]
    [InlineData("base/5/")]
    [InlineData("pg_xact/0000")]
    [InlineData("global/pg_control")]
    public void Other_files_are_no_relations(string path) => Assert.Null(RelationFile.OfPath(path));

    [Theory]
    [InlineData("pg_wal", NodeType.Directory, false)] // the folder is kept, for the server does not make it
    [InlineData("pg_wal", NodeType.Symlink, true)]
    [InlineData("pg_wal/000000010000000000000001", NodeType.File, true)]
    [InlineData("pg_wal/archive_status", NodeType.Directory, true)]
    [InlineData("pg_replslot/one", NodeType.Directory, true)]
    [InlineData("pg_xact/0000", NodeType.File, false)]
    [InlineData("postmaster.pid", NodeType.File, true)]
    [InlineData("base/5/postmaster.pid", NodeType.File, false)]
    [InlineData("base/5/t3_16384", NodeType.File, true)]
    [InlineData("base/5/t3_16384_fsm.1", NodeType.File, true)]
    [InlineData("base/pgsql_tmp", NodeType.Directory, true)]
    [InlineData("base/5/pg_internal.init.4711", NodeType.File, true)]
    [InlineData(".s.PGSQL.5432", NodeType.Socket, true)]
    [InlineData(".hidden", NodeType.File, false)]
    public void What_a_base_backup_leaves_out_is_what_pg_basebackup_leaves_out(string name, NodeType type, bool excluded) =>
        Assert.Equal(excluded, new BaseExclusions("/nowhere/data").Excludes($"/nowhere/data/{name}", type));

    [Fact]
    public void In_a_tablespace_only_the_servers_own_folder_is_copied()
    {
        var exclusions = new BaseExclusions("/srv/fast") { Tablespace = "PG_15_202209061" };
        Assert.False(exclusions.Excludes("/srv/fast", NodeType.Directory));
        Assert.False(exclusions.Excludes("/srv/fast/PG_15_202209061/5/16384", NodeType.File));
        Assert.True(exclusions.Excludes("/srv/fast/PG_14_202107181", NodeType.Directory));
        Assert.True(exclusions.Excludes("/srv/fast/PG_15_202209061.before-run", NodeType.Directory));
        Assert.True(exclusions.ExcludesStopped("/srv/fast/lost+found", NodeType.Directory));
    }
}
