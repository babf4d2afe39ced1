-- What servers that make an interface of a schema, drivers that load all types, and ORMs ask for.
-- query: all types with element, base and range types
with named as (
  select t.oid, t.typname, t.typnamespace, t.typnotnull, t.typrelid, c.relkind,
         case when p.proname = 'array_recv' then 'a' else t.typtype::text end as kind,
         case when p.proname = 'array_recv' then t.typelem
              when t.typtype = 'r' then r.rngsubtype
              when t.typtype = 'm' then (select rngtypid from pg_range where rngmultitypid = t.oid)
              when t.typtype = 'd' then t.typbasetype end as part
  from pg_type t
  left join pg_class c on c.oid = t.typrelid
  left join pg_proc p on p.oid = t.typreceive
  left join pg_range r on r.rngtypid = t.oid)
select s.nspname, n.oid, n.typname, n.kind, n.typnotnull, n.part
from named n
left join pg_type e on e.oid = n.part
left join pg_class ec on ec.oid = e.typrelid
left join pg_proc ep on ep.oid = e.typreceive
join pg_namespace s on s.oid = n.typnamespace
where n.kind in ('b', 'r', 'm', 'e', 'd') or (n.kind = 'c' and n.relkind = 'c')
   or (n.kind = 'a' and (e.typtype in ('b', 'r', 'm', 'e', 'd')
                         or (e.typtype = 'c' and ec.relkind = 'c')))
order by case n.kind when 'b' then 0 when 'e' then 0 when 'r' then 1 when 'm' then 2
         when 'd' then 3 else 4 end, n.oid
-- query: the same with the row types of tables
select s.nspname, t.oid, t.typname, t.typtype, e.typname, ec.relkind
from pg_type t
left join pg_type e on e.oid = t.typelem
left join pg_class c on c.oid = t.typrelid
left join pg_class ec on ec.oid = e.typrelid
join pg_namespace s on s.oid = t.typnamespace
where s.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
order by t.oid
-- query: fields of all row types
select t.oid, a.attname, a.atttypid
from pg_type t
join pg_namespace s on s.oid = t.typnamespace
join pg_class c on c.oid = t.typrelid
join pg_attribute a on a.attrelid = t.typrelid
where t.typtype = 'c' and s.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
  and a.attnum > 0 and not a.attisdropped
order by t.oid, a.attnum
-- query: labels of all enums
select t.oid, e.enumlabel from pg_enum e join pg_type t on t.oid = e.enumtypid
order by 1, e.enumsortorder
-- query: columns of all tables with types, defaults, comments, identity and sequences
select n.nspname, c.relname, a.attname, a.attnum, d.description,
       case when t.typbasetype <> 0 then pg_get_expr(t.typdefaultbin, 0)
            when a.attidentity = 'd' then format('nextval(%L)', sn.nspname || '.' || sc.relname)
            when a.attgenerated = 's' then null
            else pg_get_expr(ad.adbin, ad.adrelid) end as default_value,
       not (a.attnotnull or t.typtype = 'd' and t.typnotnull) as nullable,
       format_type(a.atttypid, a.atttypmod) as type,
       coalesce(bt.typname, t.typname) as udt
from pg_attribute a
left join pg_description d on d.objoid = a.attrelid and d.objsubid = a.attnum
left join pg_attrdef ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
join (pg_class c join pg_namespace n on n.oid = c.relnamespace) on c.oid = a.attrelid
join (pg_type t join pg_namespace tn on tn.oid = t.typnamespace) on t.oid = a.atttypid
left join (pg_type bt join pg_namespace bn on bn.oid = bt.typnamespace)
  on t.typtype = 'd' and t.typbasetype = bt.oid
left join (pg_collation co join pg_namespace cn on cn.oid = co.collnamespace)
  on a.attcollation = co.oid and (cn.nspname <> 'pg_catalog' or co.collname <> 'default')
left join pg_depend dep
  on dep.refobjid = a.attrelid and dep.refobjsubid = a.attnum and dep.deptype = 'i'
left join pg_class sc on sc.oid = dep.objid
left join pg_namespace sn on sn.oid = sc.relnamespace
where not pg_is_other_temp_schema(n.oid) and a.attnum > 0 and not a.attisdropped
  and c.relkind in ('r', 'v', 'f', 'm', 'p') and n.nspname = any ('{public}')
order by n.nspname, c.relname, a.attnum
-- query: primary keys of all tables
with keys as (
  select r.oid as relation, r.relname, n.nspname, c.conname,
         information_schema._pg_expandarray(c.conkey) as x
  from pg_namespace n join pg_class r on r.relnamespace = n.oid
  join pg_constraint c on c.conrelid = r.oid
  where c.contype = 'p' and r.relkind in ('r', 'p'))
select k.nspname, k.relname, array_agg(a.attname order by (k.x).n)
from keys k join pg_attribute a on a.attrelid = k.relation and a.attnum = (k.x).x
where not a.attisdropped
group by k.nspname, k.relname
order by 1, 2
-- query: foreign keys of all tables with pairs of columns
select n1.nspname, t1.relname, n2.nspname, t2.relname, c.conname, pairs.columns
from pg_constraint c
join lateral (
  select array_agg(row(own.attname, other.attname) order by ord) as columns
  from unnest(c.conkey, c.confkey) with ordinality as u(col, ref, ord)
  join pg_attribute own on own.attrelid = c.conrelid and own.attnum = col
  join pg_attribute other on other.attrelid = c.confrelid and other.attnum = ref) pairs on true
join pg_namespace n1 on n1.oid = c.connamespace
join pg_class t1 on t1.oid = c.conrelid
join pg_class t2 on t2.oid = c.confrelid
join pg_namespace n2 on n2.oid = t2.relnamespace
where c.contype = 'f' and c.conparentid = 0
order by c.conrelid, c.conname
-- query: every table as one document of columns, keys and comments
select n.nspname, c.relname, jsonb_build_object(
  'oid', c.oid::int, 'columns', coalesce(columns.info, '[]'), 'key', key.info,
  'unique', coalesce(uniques.info, '[]'), 'comment', d.description) as info
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_description d
  on d.classoid = 'pg_catalog.pg_class'::regclass and d.objoid = c.oid and d.objsubid = 0
left join lateral (
  select jsonb_agg(jsonb_build_object('name', a.attname, 'position', a.attnum,
           'type', coalesce(b.typname, t.typname), 'nullable', not a.attnotnull,
           'comment', col_description(c.oid, a.attnum))) as info
  from pg_attribute a
  left join pg_type t on t.oid = a.atttypid
  left join pg_type b on t.typtype = 'd' and b.oid = t.typbasetype
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) columns on true
left join lateral (
  select jsonb_build_object('name', ic.relname, 'columns', kc.info) as info
  from pg_index i
  join pg_class ic on ic.oid = i.indexrelid
  left join lateral (select jsonb_agg(a.attname) as info from pg_attribute a
                     where a.attrelid = c.oid and a.attnum = any (i.indkey)) kc on true
  where i.indrelid = c.oid and i.indisprimary) key on true
left join lateral (
  select jsonb_agg(ic.relname) as info
  from pg_index i join pg_class ic on ic.oid = i.indexrelid
  where i.indrelid = c.oid and i.indisunique and not i.indisprimary) uniques on true
where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname not like 'pg\_%'
  and n.nspname <> 'information_schema'
-- query: functions that take and give rows of tables
with rows as (select reltype from pg_class where relkind in ('v', 'r', 'm', 'f', 'p'))
select p.pronamespace::regnamespace, p.proname, t.typname
from pg_proc p
join pg_type t on t.oid = p.proargtypes[0]
where p.proargtypes[0] in (select reltype from rows)
order by 1, 2, 3
-- query: information_schema.columns
select table_name, column_name, data_type, is_nullable, column_default, udt_name
from information_schema.columns where table_schema = 'public'
order by table_name, ordinal_position
-- query: information_schema.columns of one table
select column_name, data_type, is_nullable, column_default, character_maximum_length
from information_schema.columns where table_schema = 'public' and table_name = 't00500'
order by ordinal_position
-- query: information_schema: foreign keys of one table
select tc.constraint_name, kcu.column_name, ccu.table_name, ccu.column_name
from information_schema.table_constraints tc
join information_schema.key_column_usage kcu using (constraint_schema, constraint_name)
join information_schema.constraint_column_usage ccu using (constraint_schema, constraint_name)
where tc.constraint_type = 'FOREIGN KEY' and tc.table_name = 't00500'
-- query: information_schema: tables
select table_schema, table_name, table_type from information_schema.tables order by 1, 2
-- query: columns of one table with comments and defaults
select a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid),
       a.attnotnull, a.atttypid, a.atttypmod, c.collname, col_description(a.attrelid, a.attnum)
from pg_attribute a
left join pg_attrdef d on a.attrelid = d.adrelid and a.attnum = d.adnum
left join pg_type t on a.atttypid = t.oid
left join pg_collation c on a.attcollation = c.oid and a.attcollation <> t.typcollation
where a.attrelid = 't00500'::regclass and a.attnum > 0 and not a.attisdropped
order by a.attnum
-- query: the sequence behind a primary key
select attr.attname, nsp.nspname, seq.relname
from pg_class seq, pg_attribute attr, pg_depend dep, pg_constraint cons, pg_namespace nsp
where seq.oid = dep.objid and seq.relkind = 'S' and attr.attrelid = dep.refobjid
  and attr.attnum = dep.refobjsubid and attr.attrelid = cons.conrelid
  and attr.attnum = cons.conkey[1] and seq.relnamespace = nsp.oid and cons.contype = 'p'
  and dep.classid = 'pg_class'::regclass and dep.refobjid = 't00500'::regclass
-- query: sizes of all tables
select c.relname, pg_total_relation_size(c.oid), c.reltuples
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname = 'public' order by 2 desc, 1 limit 20
-- query: indexes of all tables with their columns
select t.relname, i.relname, ix.indisunique, a.attname, pg_get_indexdef(i.oid)
from pg_class t join pg_index ix on t.oid = ix.indrelid join pg_class i on i.oid = ix.indexrelid
join pg_attribute a on a.attrelid = t.oid and a.attnum = any (ix.indkey)
join pg_namespace n on n.oid = t.relnamespace
where n.nspname = 'public' order by 1, 2, 4
-- query: what depends on one table
select d.classid::regclass, d.objid, d.deptype from pg_depend d
where d.refclassid = 'pg_class'::regclass and d.refobjid = 't00500'::regclass order by 1, 2
-- query: existence of a table by name
select exists (select 1 from pg_tables where schemaname = 'public' and tablename = 't00500'),
       to_regclass('t00500'), (select count(*) from pg_class where relname = 't00501')
-- query: row types by name
select t.oid, t.typname, t.typarray from pg_type t where t.typname = 't00500'
-- query: statistics of tables
select relname, n_live_tup, n_dead_tup, last_analyze from pg_stat_user_tables
order by n_live_tup desc, relname limit 20
